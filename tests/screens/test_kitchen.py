"""The cook before `/cozinha`."""

import sqlite3

import pytest
from playwright.sync_api import expect

from crew import Crew, enrol

CUT = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "ERR_INTERNET_DISCONNECTED"]


def tickets(page, column):
    return page.get_by_role("region", name=column).locator(".comanda")


def ticket(page, column, order):
    return page.get_by_role("region", name=column).locator(f"#c-{order['id']}")


def backdate(restaurant, order, minutes):
    with sqlite3.connect(f"{restaurant.folder}/r.db") as db:
        db.execute("UPDATE pedidos SET datahora_recebido = datetime(datahora_recebido, ?) WHERE id = ?", (f"-{minutes} minutes", order["id"]))


def press(page, name):
    page.get_by_role("button", name=name).click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_ticket_is_moved_on_and_the_move_undone(restaurant, somebody, scripts):
    order = restaurant.order()
    number = order["senha"]
    cook, room = somebody(restaurant, java_script_enabled=scripts), somebody(restaurant)
    page = cook.page
    page.goto("/cozinha")
    room.page.goto("/painel")
    press(page, f"Começar (senha {number})")
    expect(tickets(page, "Em preparação")).to_have_count(1)
    expect(room.page.locator("#preparando")).to_have_text(str(number))
    if scripts:
        page.wait_for_timeout(500)  # A second tap at once is a slip of the finger.
    press(page, f"Pronto (senha {number})")
    expect(tickets(page, "Pronto")).to_have_count(1)
    expect(room.page.locator("#prontas")).to_have_text(str(number))
    expect(page.locator("#avisos")).to_contain_text(f"Senha {number}: Pronto.")
    if scripts:
        cook.sees_no_barrier()
        page.wait_for_timeout(500)
    press(page, "Desfazer")
    expect(tickets(page, "Em preparação")).to_have_count(1)
    expect(room.page.locator("#preparando")).to_have_text(str(number))


def test_the_limits_of_the_age_are_those_of_the_restaurant(restaurant, somebody):
    restaurant.ask("PUT", "/restaurante", {"minutos_amarelo": 3, "minutos_vermelho": 5})
    order = restaurant.order()
    backdate(restaurant, order, 4)
    page = somebody(restaurant).page
    page.goto("/cozinha")
    expect(ticket(page, "Recebido", order)).to_contain_text("4 min · atenção")
    backdate(restaurant, order, 1)
    page.reload()
    expect(ticket(page, "Recebido", order)).to_contain_text("5 min · atrasado")


def test_notes_ages_and_payment_are_told_in_words(restaurant, somebody):
    late = restaurant.order(itens=[{"produto": 1, "quantidade": 2, "descricao": "sem <cebola>"}, {"produto": 8, "quantidade": 1}])
    warned, fresh = restaurant.order(status=2), restaurant.order()
    restaurant.order(status=3)
    backdate(restaurant, late, 21)
    backdate(restaurant, warned, 11)
    cook = somebody(restaurant)
    page = cook.page
    page.goto("/cozinha")
    expect(ticket(page, "Recebido", late)).to_contain_text("21 min · atrasado")
    expect(ticket(page, "Recebido", late).locator(".nota")).to_have_text("sem <cebola>")
    expect(ticket(page, "Em preparação", warned)).to_contain_text("11 min · atenção")
    expect(ticket(page, "Recebido", fresh)).to_contain_text("no tempo")
    expect(ticket(page, "Recebido", fresh)).to_contain_text("A pagar")
    expect(tickets(page, "Recebido").first).to_have_id(f"c-{late['id']}")
    cook.sees_no_barrier()
    cook.fits("cozinha")


def test_a_station_sees_what_it_makes(restaurant, somebody):
    drink = restaurant.ask("GET", "/bebidas")[0]["id"]
    mixed = restaurant.order(itens=[{"produto": 1, "quantidade": 1}, {"produto": drink, "quantidade": 1}])
    restaurant.order()
    page = somebody(restaurant).page
    page.goto("/cozinha")
    page.get_by_role("link", name="Bebidas").click()
    expect(tickets(page, "Recebido")).to_have_count(1)
    expect(page.locator(".alheio")).to_have_count(1)
    press(page, f"Começar (senha {mixed['senha']})")
    expect(tickets(page, "Em preparação")).to_have_count(1)
    another = restaurant.order()
    fitting = restaurant.order(itens=[{"produto": drink, "quantidade": 1}])
    expect(ticket(page, "Recebido", fitting)).to_be_visible()
    expect(ticket(page, "Recebido", another)).to_have_count(0)


def test_of_two_tablets_that_tap_at_once_one_is_told(restaurant, somebody):
    order = restaurant.order()
    first, second = somebody(restaurant), somebody(restaurant)
    second.expects("412")
    for cook in [first, second]:
        cook.page.goto("/cozinha")
    # The second tablet has not heard of it when its cook taps: nothing reaches it.
    second.page.route("**/cozinha", lambda route: route.continue_() if route.request.method == "POST" else route.abort())
    second.expects("ERR_FAILED")
    press(first.page, f"Começar (senha {order['senha']})")
    expect(tickets(first.page, "Em preparação")).to_have_count(1)
    press(second.page, f"Começar (senha {order['senha']})")
    expect(second.page.locator("#avisos")).to_contain_text(f"A senha {order['senha']} já foi mexida em outra tela, e está em «Em preparação».")
    expect(tickets(second.page, "Em preparação")).to_have_count(1)
    second.sees_no_barrier()


def test_keys_move_tickets_and_take_it_back(restaurant, somebody):
    old, new = restaurant.order(), restaurant.order()
    restaurant.move(new["id"], 2)
    cook = somebody(restaurant)
    page = cook.page
    page.goto("/cozinha")
    expect(ticket(page, "Em preparação", new).locator("kbd")).to_have_text("1")
    page.keyboard.press("2")
    expect(ticket(page, "Em preparação", old)).to_be_visible()
    page.wait_for_timeout(500)
    page.keyboard.press("0")
    expect(ticket(page, "Recebido", old)).to_be_visible()
    press(page, "Teclas 1–9")
    page.keyboard.press("2")
    page.wait_for_timeout(500)
    expect(ticket(page, "Recebido", old)).to_be_visible()
    # By the tabulator too, and the focus stays with the ticket.
    page.locator(f"#m-{old['id']}").focus()
    page.keyboard.press("Enter")
    expect(ticket(page, "Em preparação", old)).to_be_visible()
    expect(page.locator(f"#m-{old['id']}")).to_be_focused()


def test_new_orders_come_by_themselves_and_are_told(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/cozinha")
    expect(page.get_by_text("Nada aqui.")).to_have_count(3)
    press(page, "Som")
    order = restaurant.order()
    expect(ticket(page, "Recebido", order)).to_be_visible()
    expect(page.locator("#novos")).to_have_text(f"Pedido novo, senha {order['senha']}")


def test_a_cut_network_is_told_and_nothing_is_missed(restaurant, somebody):
    cook = somebody(restaurant)
    cook.expects(*CUT)
    page = cook.page
    order = restaurant.order()
    page.goto("/cozinha")
    expect(ticket(page, "Recebido", order)).to_be_visible()
    restaurant.kill()
    expect(page.get_by_role("alert").filter(has_text="Sem conexão há")).to_be_visible(timeout=15_000)
    cook.sees_no_barrier()
    press(page, f"Começar (senha {order['senha']})")
    expect(page.locator("#avisos")).to_contain_text("Sem conexão")
    restaurant.start()
    restaurant.move(order["id"], 2)
    expect(ticket(page, "Em preparação", order)).to_be_visible(timeout=30_000)
    expect(page.get_by_role("alert").filter(has_text="Sem conexão há")).to_be_hidden()


def test_the_kitchens_tablet_needs_nobody_and_hands_nothing_over(restaurant, somebody):
    crew = Crew(restaurant)
    order = restaurant.order()
    crew.move(order["id"], 3)
    page = somebody(restaurant).page
    enrol(page, crew.code("cozinha"))
    page.get_by_role("link", name="Abrir a cozinha").click()
    expect(ticket(page, "Pronto", order).get_by_role("button")).to_have_count(1)
    press(page, f"Não está pronto (senha {order['senha']})")
    expect(ticket(page, "Em preparação", order)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_what_has_run_out_is_told_in_two_taps(restaurant, somebody, scripts):
    cook = somebody(restaurant, java_script_enabled=scripts)
    page = cook.page
    page.goto("/cozinha?categoria=1")
    page.get_by_text("Acabou alguma coisa?").click()
    press(page, "Acabou por hoje (X-Burger da Casa)")
    expect(page.locator("#avisos")).to_contain_text("X-Burger da Casa: esgotado.")
    assert [p.get("esgotado", False) for p in restaurant.ask("GET", "/produtos") if p["id"] == 1] == [True]
    if scripts:
        cook.sees_no_barrier()
        cook.fits("cozinha-acabou")
        page.wait_for_timeout(500)
    else:
        page.get_by_text("Acabou alguma coisa?").click()
    press(page, "Voltou (X-Burger da Casa)")
    expect(page.locator("#avisos")).to_contain_text("X-Burger da Casa: pode ser pedido de novo.")
    assert [p.get("esgotado", False) for p in restaurant.ask("GET", "/produtos") if p["id"] == 1] == [False]


def test_a_table_is_on_the_ticket(restaurant, somebody):
    order = restaurant.order(mesa="7", local="aqui")
    page = somebody(restaurant).page
    page.goto("/cozinha")
    expect(ticket(page, "Recebido", order)).to_contain_text("Mesa 7")
