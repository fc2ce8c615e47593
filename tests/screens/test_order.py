"""The customer before the page of an order: pays, waits, is called."""

import re

import pytest
from playwright.sync_api import expect

DEAD = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET"]
# What a page does to be heard and felt, written down where a test can read it.
NOTED = """
window.felt = [];
Object.defineProperty(navigator, 'vibrate', { value: pattern => felt.push(pattern) });
const start = OscillatorNode.prototype.start;
window.tones = 0;
OscillatorNode.prototype.start = function (...at) { window.tones++; return start.apply(this, at); };
"""


def page_of(order):
    return f"/acompanhar/{order['id']}-{order['acompanhamento']}"


def news(restaurant, order, action):
    restaurant.ask("POST", "/pedidos/status_pagamento", {"id": order["id_pagamento"], "action": action})


def test_an_order_goes_its_way_before_the_eyes_of_its_customer(restaurant, somebody):
    guest = somebody(restaurant, viewport={"width": 390, "height": 844})
    page = guest.page
    page.add_init_script(NOTED)
    order = restaurant.order(itens=[{"produto": 3, "quantidade": 2, "descricao": "sem tomate"}])
    page.goto(page_of(order))
    loads = []
    page.on("load", lambda: loads.append(page.url))
    expect(page.locator(".senha")).to_have_text(str(order["senha"]))
    expect(page.locator("[aria-current=step]")).to_contain_text("Recebido")
    expect(page.get_by_role("heading", name="Pague R$ 30,40 com Pix")).to_be_visible()
    expect(page.get_by_text("Pagamentos simulados")).to_be_visible()
    expect(page.locator("#pix")).to_have_value(order["qr_data"])
    assert page.locator(".pagar img").evaluate("img => img.complete && img.naturalWidth > 0")
    expect(page.locator("#resta")).to_contain_text(re.compile(r"faltam \d+:\d\d"))
    guest.sees_no_barrier()
    guest.fits("pedido-a-pagar")
    page.get_by_role("button", name="Avisar com som").click()
    tones = page.evaluate("tones")
    news(restaurant, order, "state_FINISHED")
    expect(page.get_by_text("Pagamento aprovado")).to_be_visible()
    expect(page.get_by_text("Cancelar o pedido")).to_have_count(0)
    guest.sees_no_barrier()
    guest.fits("pedido-pago")
    restaurant.move(order["id"], 2)
    expect(page.locator("[aria-current=step]")).to_contain_text("Em preparação")
    assert page.evaluate("[tones, felt.length]") == [tones, 0]
    restaurant.move(order["id"], 3)
    expect(page.locator(".estado")).to_have_text("Está pronto! Retire no balcão")
    expect(page.get_by_role("status")).to_contain_text(f"{order['senha']}: Está pronto!")
    expect(page).to_have_title(re.compile(f"Senha {order['senha']}: Pronto"))
    guest.waits_until(f"tones === {tones} + 2 && felt.length === 1")
    guest.sees_no_barrier()
    guest.fits("pedido-pronto")
    restaurant.move(order["id"], 4)
    expect(page.locator(".estado")).to_contain_text("Entregue")
    # Never loaded again.
    assert not loads
    page.reload()
    expect(page.locator(".estado")).to_contain_text("Entregue")
    assert page.evaluate("felt.length") == 0


def test_it_works_without_scripts(restaurant, somebody):
    order = restaurant.order()
    page = somebody(restaurant, java_script_enabled=False).page
    page.goto(page_of(order))
    expect(page.locator("[aria-current=step]")).to_contain_text("Recebido")
    expect(page.locator("#pix")).to_have_value(order["qr_data"])
    restaurant.move(order["id"], 3)
    # The page is loaded again by itself.
    expect(page.locator(".estado")).to_contain_text("Está pronto", timeout=15_000)


def test_the_menu_leads_back_to_an_order_that_is_under_way(restaurant, somebody):
    guest = somebody(restaurant)
    page = guest.page
    order = restaurant.order()
    page.goto(page_of(order))
    guest.waits_until("localStorage.getItem('pedidos') !== null")
    page.goto("/cardapio")
    link = page.get_by_role("link", name=f"Acompanhar seu pedido, senha {order['senha']}")
    expect(link).to_be_visible()
    guest.sees_no_barrier()
    guest.fits("cardapio-de-volta")
    link.click()
    expect(page.locator(".senha")).to_have_text(str(order["senha"]))
    restaurant.move(order["id"], 4)
    expect(page.locator(".estado")).to_contain_text("Entregue")
    guest.waits_until("localStorage.getItem('pedidos') === '[]'")
    page.goto("/cardapio")
    expect(page.get_by_role("heading", name="Seu pedido")).to_be_visible()
    expect(link).to_have_count(0)


def test_a_refused_payment_can_be_tried_again(restaurant, somebody):
    guest = somebody(restaurant)
    order = restaurant.order()
    guest.page.goto(page_of(order))
    news(restaurant, order, "state_CANCELED")
    expect(guest.page.get_by_role("alert").filter(has_text="O pagamento não deu certo")).to_be_visible()
    guest.sees_no_barrier()
    guest.fits("pedido-recusado")
    news(restaurant, order, "state_FINISHED")
    expect(guest.page.get_by_text("Pagamento aprovado")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_one_may_cancel_and_order_the_same_again(restaurant, somebody, scripts):
    guest = somebody(restaurant, java_script_enabled=scripts)
    page = guest.page
    order = restaurant.order(itens=[{"produto": 3, "quantidade": 2, "descricao": "sem tomate"}])
    page.goto(page_of(order))
    page.get_by_text("Cancelar o pedido").click()
    if scripts:
        guest.sees_no_barrier()
    page.get_by_role("button", name="Cancelar mesmo").click()
    expect(page.locator(".estado")).to_have_text("Pedido cancelado")
    expect(page.locator("#pix")).to_have_count(0)
    if scripts:
        guest.sees_no_barrier()
        guest.fits("pedido-cancelado")
    page.get_by_role("button", name="Pedir de novo").click()
    expect(page.locator(".resumo .quanto-da")).to_have_text("R$ 30,40")
    page.get_by_role("button", name="Fazer pedido").click()
    expect(page).to_have_url(re.compile("/acompanhar/"))
    [again] = restaurant.ask("GET", "/pedidos")
    assert again["id"] != order["id"]
    assert [(i["produto"], i["quantidade"], i["descricao"]) for i in again["itens"]] == [(3, 2, "sem tomate")]


def test_a_paid_order_is_not_cancelled(restaurant, somebody):
    guest = somebody(restaurant, java_script_enabled=False)
    guest.expects("409")
    page = guest.page
    order = restaurant.order()
    page.goto(page_of(order))
    page.get_by_text("Cancelar o pedido").click()
    news(restaurant, order, "state_FINISHED")
    page.get_by_role("button", name="Cancelar mesmo").click()
    expect(page.get_by_role("alert").filter(has_text="Pedido já pago")).to_be_visible()
    assert restaurant.ask("GET", f"/pedidos/{order['id']}")["status_pedido"] == 1


def test_an_order_that_nobody_pays_in_time_is_over(restaurant, somebody):
    guest = somebody(restaurant)
    order = restaurant.order()
    guest.page.goto(page_of(order))
    expect(guest.page.locator(".estado")).to_have_text("Recebemos seu pedido")
    restaurant.expire_all()
    expect(guest.page.locator(".estado")).to_have_text("Pedido cancelado", timeout=30_000)
    expect(guest.page.get_by_role("button", name="Pedir de novo")).to_be_visible()


def test_a_dead_link_is_told_and_what_was_missed_is_shown(restaurant, somebody):
    guest = somebody(restaurant)
    guest.expects(*DEAD)
    order = restaurant.order()
    guest.page.goto(page_of(order))
    expect(guest.page.locator("[aria-current=step]")).to_contain_text("Recebido")
    restaurant.kill()
    expect(guest.page.get_by_text("Sem conexão há")).to_be_visible(timeout=15_000)
    guest.sees_no_barrier()
    restaurant.start()
    restaurant.move(order["id"], 3)
    expect(guest.page.locator(".estado")).to_contain_text("Está pronto", timeout=30_000)
    expect(guest.page.get_by_text("Sem conexão há")).to_be_hidden()


def test_the_code_is_copied_also_where_there_is_no_tls(restaurant, somebody):
    guest = somebody(restaurant, permissions=["clipboard-read", "clipboard-write"])
    page = guest.page
    order = restaurant.order()
    for has_clipboard in [True, False]:
        if not has_clipboard:
            page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined }); "
                                 "addEventListener('copy', () => window.copied = getSelection().toString());")
        page.goto(page_of(order))
        page.get_by_role("button", name="Copiar código Pix").click()
        expect(page.get_by_role("status")).to_contain_text("Código Pix copiado")
        expect(page.get_by_role("button", name="Copiado")).to_be_visible()
        if has_clipboard:
            assert page.evaluate("navigator.clipboard.readText()") == order["qr_data"]
        else:
            assert page.evaluate("copied") == order["qr_data"]


def test_others_see_nothing_of_it(restaurant, somebody):
    mine, other = restaurant.order(), restaurant.order()
    restaurant.command("chave", "criar", "gerente", "Ana")
    guest = somebody(restaurant)
    guest.expects("404", "401")
    page = guest.page
    page.goto("/")
    guest.waits_until("fetch('/clientes').then(answer => answer.status === 401)")
    for address in [f"/acompanhar/{mine['id']}", f"/acompanhar/{mine['id']}-{other['acompanhamento']}",
                    f"/acompanhar/{mine['id']}-", f"/acompanhar/{mine['id']}-{mine['acompanhamento'][:-1]}",
                    "/acompanhar/999999", "/acompanhar/x", "/acompanhar/-1-x"]:
        assert page.goto(address).status == 404
        expect(page.get_by_role("alert")).to_contain_text("Este pedido não existe")
        assert page.request.post(f"{address}/cancelamento").status == 404
    guest.sees_no_barrier()
    guest.fits("pedido-que-nao-existe")
    # Its own secret opens all of it: page, code, stream.
    page.goto(page_of(mine))
    expect(page.locator(".senha")).to_have_text(str(mine["senha"]))
    assert page.locator(".pagar img").evaluate("img => img.decode().then(() => img.naturalWidth > 0)")
    page.get_by_text("Cancelar o pedido").click()
    page.get_by_role("button", name="Cancelar mesmo").click()
    expect(page.locator(".estado")).to_have_text("Pedido cancelado")


def test_no_other_page_can_cancel(restaurant, somebody):
    page = somebody(restaurant).page
    order = restaurant.order()
    answer = page.request.post(f"{page_of(order)}/cancelamento", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert restaurant.ask("GET", f"/pedidos/{order['id']}")["status_pedido"] == 1


def test_no_log_has_the_secret(open_restaurant, somebody):
    restaurant = open_restaurant(LOG_LEVEL="info")
    order = restaurant.order()
    page = somebody(restaurant).page
    page.goto(page_of(order))
    expect(page.locator(".senha")).to_have_text(str(order["senha"]))
    log = open(f"{restaurant.folder}/log").read()
    assert "/acompanhar/-" in log and order["acompanhamento"] not in log
