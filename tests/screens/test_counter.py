"""The cashier before `/caixa`."""

import pytest
from playwright.sync_api import expect

from crew import Crew, enrol, enter


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def dealt(page):
    return page.locator("#pedido")


def test_an_order_by_keyboard_money_change_and_handing_over(restaurant, somebody):
    cashier = somebody(restaurant)
    page = cashier.page
    page.goto("/caixa")
    page.keyboard.press("F2")
    page.keyboard.type("2 burger")
    page.keyboard.press("Enter")
    expect(page.locator("#posto")).to_have_text("2 de X-Burger da Casa")
    expect(page.locator("#total")).to_have_text("R$ 37,80")
    page.get_by_label("Observação: X-Burger da Casa").fill("sem cebola")
    cashier.sees_no_barrier()
    cashier.fits("caixa")
    press(page, "Fazer o pedido")
    expect(dealt(page)).to_contain_text("sem cebola")
    expect(page.get_by_label("Dinheiro recebido")).to_be_focused()
    page.keyboard.type("50")
    expect(page.locator("#troco")).to_have_text("Troco: R$ 12,20")
    cashier.sees_no_barrier()
    cashier.fits("caixa-pedido")
    page.keyboard.press("Enter")
    expect(dealt(page)).to_contain_text("Troco: R$ 12,20")
    expect(dealt(page)).to_contain_text("Aprovado (dinheiro)")
    cashier.sees_no_barrier()
    order = restaurant.ask("GET", "/pedidos")[-1]
    cashier.expects("409")
    page.keyboard.press("F4")
    page.keyboard.type(str(order["senha"]))
    page.keyboard.press("Enter")
    expect(page.locator("#recado")).to_have_text(f"A senha {order['senha']} ainda está em «Recebido».")
    cashier.sees_no_barrier()
    restaurant.move(order["id"], 3)
    page.keyboard.press("F4")
    page.keyboard.type(str(order["senha"]))
    page.keyboard.press("Enter")
    expect(dealt(page)).to_contain_text("Finalizado")


def test_all_of_it_without_scripts(restaurant, somebody):
    cashier = somebody(restaurant, java_script_enabled=False)
    cashier.expects("422")
    page = cashier.page
    page.goto("/caixa")
    page.get_by_label("X-Burger da Casa R$").fill("1")
    page.get_by_label("Onde").select_option("levar")
    press(page, "Fazer o pedido")
    expect(dealt(page)).to_contain_text("Para levar")
    page.get_by_label("Dinheiro recebido").fill("10")
    press(page, "Receber dinheiro")
    expect(page.locator("#recado")).to_have_text("Faltam R$ 8,90 para o total.")
    press(page, "Passou na maquininha")
    expect(dealt(page)).to_contain_text("Aprovado (maquininha)")
    dealt(page).get_by_role("button", name="Entregar").click()
    expect(dealt(page)).to_contain_text("Finalizado")


def test_two_taps_make_one_order(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/caixa")
    page.get_by_label("X-Burger da Casa R$").fill("1")
    page.evaluate("""() => { const form = document.getElementById('novo'); const body = new URLSearchParams(new FormData(form));
        return Promise.all([1, 2].map(() => fetch('/caixa', {method: 'POST', body}))) }""")
    assert len(restaurant.ask("GET", "/pedidos")) == 1


def test_an_order_that_changed_is_told_and_shown(restaurant, somebody):
    order = restaurant.order()
    cashier = somebody(restaurant)
    cashier.expects("412")
    page = cashier.page
    page.goto(f"/caixa?pedido={order['id']}")
    expect(dealt(page)).to_contain_text("Recebido")
    restaurant.move(order["id"], 2)
    press(page, "Receber dinheiro")
    expect(page.locator("#recado")).to_contain_text("mudou em outra tela")
    expect(dealt(page)).to_contain_text("Em preparação")


def test_open_orders_come_and_go_by_themselves(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/caixa")
    page.get_by_label("Procurar produto").fill("suco")
    order = restaurant.order()
    expect(page.locator("#abertos").get_by_role("listitem")).to_have_count(1)
    restaurant.move(order["id"], 4)
    expect(page.locator("#abertos").get_by_role("listitem")).to_have_count(0)
    expect(page.get_by_label("Procurar produto")).to_have_value("suco")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_manager_lets_a_refund_through_on_the_spot(restaurant, somebody, scripts):
    order = restaurant.order()
    crew = Crew(restaurant)
    crew.hire("Ana", "gerente", "4172", "cavalo bateria grampo")
    crew.hire("Bia", "balcao", "2580")
    cashier = somebody(restaurant, java_script_enabled=scripts)
    cashier.expects("403")
    page = cashier.page
    enrol(page, crew.code("balcao"))
    enter(page, "Bia", "2580")
    page.goto(f"/caixa?pedido={order['id']}")
    press(page, "Passou na maquininha")
    page.get_by_text("Cancelar o pedido").click()
    page.get_by_label("Por quê?").fill("desistiu")
    page.get_by_label("PIN da gerência").fill("9999")
    press(page, "Cancelar e devolver R$ 18,90")
    expect(page.locator("#recado")).to_contain_text("A aprovação não vale")
    page.get_by_text("Cancelar o pedido").click()
    page.get_by_label("Por quê?").fill("desistiu")
    page.get_by_label("PIN da gerência").fill("4172")
    if scripts:
        cashier.sees_no_barrier()
        cashier.fits("caixa-aprovacao")
    press(page, "Cancelar e devolver R$ 18,90")
    expect(dealt(page)).to_contain_text("Cancelado")
    expect(dealt(page)).to_contain_text("Reembolsado")
    events = crew.manage("GET", f"/pedidos/{order['id']}/eventos")
    assert any("Ana" in str(event) or "funcionario:1" in str(event) for event in events), events


def test_the_counter_is_not_for_the_kitchen(restaurant, somebody):
    crew = Crew(restaurant)
    crew.hire("Caio", "cozinha", "1739")
    page = somebody(restaurant).page
    enrol(page, crew.code("balcao"))
    enter(page, "Caio", "1739")
    page.goto("/caixa")
    expect(page).to_have_url(f"{restaurant.url}/entrar?para=/caixa")
    expect(page.get_by_text("Isto não basta")).to_be_visible()


def test_money_that_two_tills_take_for_one_order_is_told_to_the_second(restaurant, somebody):
    order = restaurant.order()
    paid = {"id": str(order["id"]), "versao": "1", "meio": "dinheiro", "recebido": "20"}
    answers = [
        somebody(restaurant).context.request.post("/caixa/pagamento", form=paid, max_redirects=0).status for _ in range(2)
    ]
    assert answers == [303, 412]


def test_the_price_of_too_many_is_no_price(restaurant, somebody):
    huge = {f"q{id}": "4000000000000000" for id in range(1, 5)}
    assert somebody(restaurant).context.request.post("/caixa", form=huge).status == 422


def test_nothing_is_not_given_back(restaurant, somebody):
    order = restaurant.order()
    news = {"id": order["id_pagamento"], "action": "state_FINISHED"}
    restaurant.ask("POST", "/pedidos/status_pagamento", news)
    refund = {"id": str(order["id"]), "versao": "2", "valor": "0,00", "motivo": "sem cebola"}
    assert somebody(restaurant).context.request.post("/caixa/reembolso", form=refund).status == 422


def test_a_key_that_was_used_for_another_choice_is_renewed(restaurant, somebody):
    request = somebody(restaurant).context.request
    key = "0123456789abcdef0123"
    assert request.post("/caixa", form={"chave": key, "q1": "1"}, max_redirects=0).status == 303
    again = request.post("/caixa", form={"chave": key, "q1": "2"})
    assert again.status == 422 and key not in again.text()
