"""A customer before `/totem`, standing, with fingers; and the next one, who must find nothing of it."""

import re

import pytest
from playwright.sync_api import expect

TOTEM = {"viewport": {"width": 1080, "height": 1920}, "has_touch": True}
SMALLEST = 60
# What a finger may aim at: a radio button is as large as its label.
TARGETS = "a[href], button, input:not([type=hidden]):not([type=radio]), summary, label:has(input), textarea"


def too_small(page):
    return page.locator(TARGETS).evaluate_all(f"""all => all.filter(e => e.checkVisibility()).map(e => [e.outerHTML, e.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && (box.width < {SMALLEST} || box.height < {SMALLEST})).map(([html, box]) => `${{box.width}}x${{box.height}} ${{html}}`)""")


def links(page):
    return {href.split("?")[0] for href in page.locator("a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")}


def looks_right(guest, name):
    assert not too_small(guest.page), too_small(guest.page)
    # Nothing leads away.
    assert {href for href in links(guest.page) if not href.startswith("#")} <= {"/totem"}
    guest.sees_no_barrier()
    guest.fits(name)


def begin(page, where="Comer aqui"):
    page.goto("/totem")
    page.get_by_role("link", name=where).tap()


def test_a_customer_orders_standing(restaurant, somebody):
    guest = somebody(restaurant, **TOTEM)
    page = guest.page
    page.goto("/totem")
    looks_right(guest, "totem")
    page.get_by_role("link", name="Para levar").tap()
    expect(page.get_by_label("Para levar")).to_be_checked()
    looks_right(guest, "totem-cardapio")
    page.get_by_role("button", name="Mais um: Misto Quente").tap()
    looks_right(guest, "totem-com-pedido")
    page.get_by_role("button", name="Fazer pedido").tap()
    expect(page).to_have_url(re.compile(r"/acompanhar/.*\?totem"))
    expect(page.get_by_role("heading", name="com Pix")).to_be_visible()
    looks_right(guest, "totem-a-pagar")
    [order] = restaurant.ask("GET", "/pedidos")
    restaurant.ask("POST", "/pedidos/status_pagamento", {"id": order["id_pagamento"], "action": "state_FINISHED"})
    expect(page.get_by_text("Pagamento aprovado")).to_be_visible()
    page.get_by_role("link", name="Recomeçar").first.tap()
    expect(page.get_by_role("heading", name="Peça aqui")).to_be_visible()


@pytest.mark.parametrize("stays", [True, False])
def test_it_begins_anew_but_asks_first(restaurant, somebody, stays):
    guest = somebody(restaurant, **TOTEM)
    page = guest.page
    page.clock.install()
    begin(page)
    page.get_by_role("button", name="Mais um: Misto Quente").tap()
    # The clock goes on by itself too, as long as all this takes.
    page.clock.run_for(45_000)
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.clock.run_for(17_000)
    expect(page.get_by_role("dialog", name="Você ainda está aí?")).to_be_visible()
    expect(page.get_by_role("button", name="Continuar")).to_be_focused()
    left = int(page.locator("#faltam").text_content())
    page.clock.run_for(3_000)
    assert int(page.locator("#faltam").text_content()) < left <= 20
    if stays:
        looks_right(guest, "totem-pergunta")
        page.get_by_role("button", name="Continuar").tap()
        page.clock.run_for(50_000)
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(page.locator(".no-pe .quanto-da")).to_have_text("R$ 15,20")
        return
    page.clock.run_for(20_000)
    expect(page.get_by_role("heading", name="Peça aqui")).to_be_visible()
    # The next customer finds an empty cart.
    page.get_by_role("link", name="Comer aqui").tap()
    expect(page.locator(".no-pe .quanto-da")).to_have_text("R$ 0,00")


def test_it_works_without_scripts(restaurant, somebody):
    page = somebody(restaurant, java_script_enabled=False, **TOTEM).page
    begin(page)
    page.get_by_label("Quantidade de Misto Quente").fill("1")
    page.get_by_role("button", name="Fazer pedido").tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Senha")
    page.get_by_role("link", name="Recomeçar").first.tap()
    expect(page.get_by_role("heading", name="Peça aqui")).to_be_visible()


def test_all_of_it_can_be_reached_from_a_wheelchair(restaurant, somebody):
    guest = somebody(restaurant, **TOTEM)
    page = guest.page
    page.goto("/totem")
    page.get_by_role("button", name="Tela mais baixa").tap()
    page.get_by_role("link", name="Comer aqui").tap()
    expect(page.get_by_role("button", name="Tela mais baixa")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Mais um: Misto Quente").tap()
    assert page.get_by_role("button", name="Mais um: Misto Quente").bounding_box()["y"] >= 1920 * .35
    assert page.get_by_role("link", name="Ver pedido").bounding_box()["y"] >= 1920 * .35
    guest.sees_no_barrier()
    guest.fits("totem-baixo")
    page.get_by_role("link", name="Recomeçar").first.tap()
    # It is not left so for who comes next.
    expect(page.get_by_role("button", name="Tela mais baixa")).to_have_attribute("aria-pressed", "false")


def test_a_dead_restaurant_shows_no_way_out(restaurant, somebody):
    guest = somebody(restaurant, **TOTEM)
    guest.expects("ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")
    page = guest.page
    begin(page)
    expect(page.get_by_role("button", name="Mais um: Misto Quente")).to_be_visible()
    restaurant.kill()
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.get_by_role("link", name="Recomeçar").first.tap()
    page.wait_for_timeout(0)
    expect(page.get_by_role("button", name="Mais um: Misto Quente")).to_be_visible()
    restaurant.start()
    expect(page.get_by_role("button", name="Mais um: Misto Quente")).to_be_visible()
    guest.waits_until("fetch('/totem').then(answer => answer.ok)")


def test_a_refusal_stays_on_the_totem(restaurant, somebody):
    restaurant.command("chave", "criar", "gerente", "Ana")
    guest = somebody(restaurant, **TOTEM)
    guest.expects("404", "401")
    page = guest.page
    page.goto("/totem")
    guest.waits_until("fetch('/clientes').then(answer => answer.status === 401)")
    assert page.goto("/acompanhar/999999?totem=1").status == 404
    looks_right(guest, "totem-erro")
