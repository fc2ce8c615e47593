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
