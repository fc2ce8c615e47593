"""Who runs the restaurant, before `/gerencia/cardapio`."""

import pytest
from playwright.sync_api import expect

from crew import Crew


def product(restaurant, id):
    return restaurant.ask("GET", f"/produtos/{id}")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_price_is_changed_and_a_product_taken_off(restaurant, somebody, scripts):
    owner = somebody(restaurant, java_script_enabled=scripts)
    owner.expects("422")
    page = owner.page
    page.goto("/gerencia/cardapio")
    before = product(restaurant, 1)
    page.get_by_text("X-Burger da Casa", exact=True).click()
    form = page.locator("#p-1")
    form.get_by_label("Preço").fill("vinte")
    form.get_by_role("button", name="Gravar").click()
    expect(form.get_by_role("alert")).to_contain_text("Nada foi gravado")
    expect(form.get_by_label("Preço")).to_have_value("vinte")
    assert product(restaurant, 1) == before
    if scripts:
        owner.sees_no_barrier()
        owner.fits("gerencia-cardapio")
    form.get_by_label("Preço").fill("21,5")
    form.get_by_label("Descrição").fill("")
    form.get_by_label("Lugar na lista").fill("3")
    form.get_by_role("button", name="Gravar").click()
    expect(page.get_by_role("status")).to_have_text("Gravado: X-Burger da Casa.")
    after = product(restaurant, 1)
    assert (after["valor"], after["descricao"], after.get("ordem"), after["ativo"]) == (21.5, None, 3, True)
    page.get_by_text("X-Burger da Casa", exact=True).click()
    form.get_by_label("No cardápio").uncheck()
    form.get_by_role("button", name="Gravar").click()
    expect(form).to_contain_text("Fora do cardápio")
    assert not product(restaurant, 1)["ativo"]
    if scripts:
        owner.sees_no_barrier()


def test_a_product_is_added(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/gerencia/cardapio")
    page.get_by_text("Produto novo").click()
    form = page.locator("details", has_text="Produto novo")
    form.get_by_label("Nome").fill("Café <forte>")
    form.get_by_label("Preço").fill("R$ 5")
    form.get_by_label("Categoria").select_option("Bebidas")
    form.get_by_role("button", name="Gravar").click()
    expect(page.get_by_role("status")).to_have_text("Gravado: Café <forte>.")
    assert [p["valor"] for p in restaurant.ask("GET", "/bebidas") if p["nome"] == "Café <forte>"] == [5]


def test_the_menu_is_changed_by_managers_only(restaurant, somebody):
    Crew(restaurant)
    page = somebody(restaurant).page
    page.goto("/gerencia/cardapio")
    expect(page).to_have_url(f"{restaurant.url}/entrar?para=/gerencia/cardapio")


@pytest.mark.parametrize("scripts", [True, False])
def test_of_two_who_change_a_product_the_second_is_told(restaurant, somebody, scripts):
    owners = [somebody(restaurant, java_script_enabled=scripts) for _ in range(2)]
    ana, eva = [owner.page for owner in owners]
    owners[1].expects("412", "422")
    for page in [ana, eva]:
        page.goto("/gerencia/cardapio")
        page.get_by_text("X-Burger da Casa", exact=True).click()
    first = ana.locator("#p-1")
    first.get_by_label("Preço").fill("25")
    first.get_by_label("Descrição").fill("")
    first.get_by_role("button", name="Gravar").click()
    expect(ana.get_by_role("status")).to_have_text("Gravado: X-Burger da Casa.")
    second = eva.locator("#p-1")
    second.get_by_label("Descrição").fill("Pão <brioche>, 180 g")
    second.get_by_role("button", name="Gravar").click()
    alert = second.get_by_role("alert")
    expect(alert).to_contain_text("nada do seu foi gravado")
    expect(alert.get_by_role("listitem")).to_have_text(["Descrição: vazio", "Preço: R$ 25,00"])
    expect(second.get_by_label("Descrição")).to_have_value("Pão <brioche>, 180 g")
    expect(second.get_by_label("Nome")).to_be_focused()
    after = product(restaurant, 1)
    assert (after["valor"], after["descricao"]) == (25, None)
    if scripts:
        owners[1].sees_no_barrier()
        owners[1].fits("gerencia-cardapio-mudou")
    # What is wrong with a field is told before, and what was seen stays so.
    second.get_by_label("Preço").fill("x")
    second.get_by_role("button", name="Gravar").click()
    expect(second.get_by_role("alert")).to_contain_text("O preço")
    restaurant.ask("PUT", "/produtos", {"id": 1, "ordem": 7})
    second.get_by_label("Preço").fill("26")
    second.get_by_role("button", name="Gravar").click()
    expect(second.get_by_role("alert")).to_contain_text("Lugar na lista: 7")
    # Now both have been seen.
    second.get_by_label("Lugar na lista").fill("7")
    second.get_by_role("button", name="Gravar").click()
    expect(eva.get_by_role("status")).to_have_text("Gravado: X-Burger da Casa.")
    after = product(restaurant, 1)
    assert (after["valor"], after["descricao"], after["ordem"]) == (26, "Pão <brioche>, 180 g", 7)


def test_a_form_that_is_sent_twice_has_changed_what_it_says(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/gerencia/cardapio")
    form = page.locator("#p-2 form").evaluate("form => Object.fromEntries(new FormData(form))")
    for _ in range(2):
        answer = page.request.post("/gerencia/cardapio", form={**form, "valor": "19"}, headers={"Origin": restaurant.url}, max_redirects=0)
        assert answer.status == 303
    # One that does not say what it has seen changes nothing.
    del form["visto"]
    assert page.request.post("/gerencia/cardapio", form=form, headers={"Origin": restaurant.url}, max_redirects=0).status == 412
    assert product(restaurant, 2)["valor"] == 19


def test_a_product_that_is_gone_keeps_what_was_typed(restaurant, somebody):
    owner = somebody(restaurant)
    owner.expects("404")
    page = owner.page
    id = restaurant.ask("POST", "/produtos", {"nome": "Café", "categoria": 3, "valor": 5})["id"]
    page.goto("/gerencia/cardapio")
    page.get_by_text("Café", exact=True).click()
    page.locator(f"#p-{id}").get_by_label("Descrição").fill("Coado na hora, 200 ml")
    restaurant.ask("DELETE", f"/produtos/{id}")
    page.locator(f"#p-{id}").get_by_role("button", name="Gravar").click()
    form = page.locator("details", has_text="Produto novo")
    expect(form.get_by_role("alert")).to_contain_text("não existe mais")
    expect(form.get_by_label("Descrição")).to_have_value("Coado na hora, 200 ml")
    owner.sees_no_barrier()
    form.get_by_role("button", name="Gravar").click()
    expect(page.get_by_role("status")).to_have_text("Gravado: Café.")
