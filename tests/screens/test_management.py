"""Who runs the restaurant, before `/gerencia`."""

import os
import time

import pytest
from playwright.sync_api import expect

from crew import Crew, enrol, enter

PASSWORD = "cavalo bateria grampo"


def link_for(restaurant, name):
    """What stands behind the host of a one-time link."""
    return restaurant.command("gerente", name).split(":31000")[1]


def begin(page, link, house="Cantina <da> Ana", name="Ana", pin="4172"):
    """An owner fills in the page of the first run."""
    page.goto(link)
    page.get_by_label("Nome do restaurante").fill(house)
    page.get_by_label("Cidade").fill("Olinda")
    page.get_by_label("Seu nome").fill(name)
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_label("PIN").fill(pin)
    page.keyboard.press("Enter")


def test_an_owner_begins_by_keyboard(restaurant, somebody):
    owner = somebody(restaurant)
    owner.expects("422", "401")
    page = owner.page
    page.goto("/gerencia")
    expect(page.get_by_text("as portas estão abertas")).to_be_visible()
    owner.sees_no_barrier()
    owner.fits("gerencia-comeco")
    page.goto(link_for(restaurant, "Ana"))
    expect(page).to_have_url(f"{restaurant.url}/gerencia")
    expect(page.get_by_label("Nome do restaurante")).to_be_focused()
    for text in ["Cantina <da> Ana", "Olinda", "Ana", PASSWORD, "1234"]:
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Começar e fechar as portas")).to_be_focused()
    page.keyboard.press("Enter")
    # A PIN that anybody would try first: everything that is no secret is still there.
    pin = page.get_by_label("PIN")
    expect(pin).to_be_focused()
    expect(pin).to_have_accessible_description("De 4 a 8 algarismos, sem repetir um só nem em sequência. Para os terminais do restaurante. PIN é fácil demais de adivinhar: não pode ser um só algarismo nem uma sequência como 1234 ou 8765.")
    expect(page.get_by_label("Nome do restaurante")).to_have_value("Cantina <da> Ana")
    expect(page.get_by_label("Cidade")).to_have_value("Olinda")
    owner.sees_no_barrier()
    owner.fits("gerencia-comeco-erro")
    assert restaurant.ask("GET", "/restaurante")["nome"] == "Ambrosia"
    page.keyboard.type("4172")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Você entrou como Ana, número 1")).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("Cantina <da> Ana")
    # The doors are closed to others.
    stranger = somebody(restaurant).page
    assert stranger.request.get("/clientes").status == 401
    owner.sees_no_barrier()
    owner.fits("gerencia")


def test_an_owner_begins_without_scripts(restaurant, somebody):
    page = somebody(restaurant, java_script_enabled=False).page
    link = link_for(restaurant, "Ana")
    page.goto("/gerencia")
    page.get_by_label("Convite", exact=True).fill(f"http://localhost:31000{link}")
    page.get_by_label("Nome do restaurante").fill("Cantina da Ana")
    page.get_by_label("Cidade").fill("Olinda")
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_label("PIN").fill("4172")
    page.get_by_role("button", name="Começar e fechar as portas").click()
    expect(page.get_by_text("Você entrou como Ana, número 1")).to_be_visible()
    page.get_by_role("button", name="Sair").click()
    expect(page).to_have_url(f"{restaurant.url}/entrar")
    page.goto("/gerencia")
    expect(page.get_by_text("Este restaurante tem gerência, e as portas estão fechadas")).to_be_visible()


def test_nobody_begins_without_an_invitation(restaurant, somebody):
    stranger = somebody(restaurant)
    stranger.expects("422")
    page = stranger.page
    begin(page, "/gerencia#amc_" + "A" * 43)
    expect(page.get_by_label("Convite", exact=True)).to_have_accessible_description("O endereço que o comando ou o registro mostra, ou o código depois do sinal #. Este convite não vale: já foi usado, ou passaram 24 horas, ou não foi copiado inteiro. Abra o endereço de novo, ou faça outro com «ambrosia gerente NOME».")
    assert restaurant.ask("GET", "/restaurante")["nome"] == "Ambrosia"
    assert restaurant.ask("GET", "/clientes")
    request = stranger.context.request
    for headers in [{"Origin": "https://ladrao.exemplo"}, {"Sec-Fetch-Site": "cross-site"}]:
        assert request.post("/gerencia", headers=headers, form={"convite": link_for(restaurant, "Ana"), "senha": PASSWORD, "pin": "4172"}).status == 403


def test_two_begin_at_once(restaurant, somebody):
    """Each with an invitation: both are managers, and the first has named the restaurant."""
    pages = [somebody(restaurant).page for _ in range(2)]
    for page, name in zip(pages, ["Ana", "Eva"]):
        page.goto(link_for(restaurant, name))
        page.get_by_label("Nome do restaurante").fill(f"Casa da {name}")
        page.get_by_label("Cidade").fill("Olinda")
        page.get_by_label("Senha").fill(PASSWORD)
        page.get_by_label("PIN").fill("4172")
    for page in pages:
        page.keyboard.press("Enter")
    for page, name in zip(pages, ["Ana", "Eva"]):
        expect(page.get_by_text(f"Você entrou como {name}")).to_be_visible()
    first = restaurant.database("SELECT nome FROM funcionarios WHERE id = 1")
    for page in pages:
        page.reload()
        expect(page.get_by_role("banner")).to_contain_text(f"Casa da {first}")


def become_manager(restaurant, person):
    """The page of an owner who has begun."""
    begin(person.page, link_for(restaurant, "Ana"))
    expect(person.page.get_by_text("Você entrou como Ana")).to_be_visible()
    return person.page


def check(page, name):
    return page.locator(".saude div", has_text=name)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_first_steps_lead_to_a_kitchen(restaurant, somebody, scripts):
    owner = somebody(restaurant)
    page = become_manager(restaurant, owner)
    steps, state = page.get_by_role("heading", name="Pôr para funcionar"), page.get_by_role("heading", name="Está tudo certo?")
    assert steps.bounding_box()["y"] < state.bounding_box()["y"]
    expect(page.get_by_role("link", name="Imprimir os QR codes")).to_have_attribute("href", "/gerencia/qr")
    page.get_by_role("button", name="Fazer o código do tablet").click()
    expect(page).to_have_url(f"{restaurant.url}/gerencia/aparelhos")
    tablet = somebody(restaurant, java_script_enabled=scripts).page
    enrol(tablet, page.locator(".segredo").inner_text())
    tablet.get_by_role("link", name="Abrir a cozinha").click()
    expect(tablet.get_by_role("heading", name="Cozinha", exact=True)).to_be_attached()
    # Once there is a device the state of the restaurant comes first.
    page.get_by_role("link", name="Visão geral").click()
    assert steps.bounding_box()["y"] > state.bounding_box()["y"]
    owner.sees_no_barrier()


def test_it_says_what_is_not_all_right(restaurant, somebody):
    owner = somebody(restaurant)
    order = restaurant.order()
    page = become_manager(restaurant, owner)
    expect(check(page, "Pagamentos")).to_contain_text("simulados")
    expect(check(page, "Banco de dados")).to_contain_text("Responde.")
    expect(check(page, "Disco")).to_contain_text("Há espaço")
    expect(check(page, "Pedidos atrasados")).to_contain_text("Nenhum espera há mais de 20 min.")
    expect(check(page, "Pendências")).to_contain_text("Nada a resolver.")
    expect(page.get_by_text("Uma coisa pede atenção.")).to_be_visible()
    restaurant.change(f"UPDATE pedidos SET datahora_recebido = datetime('now', '-50 minutes') WHERE id = {order['id']}")
    restaurant.change(f"UPDATE cobrancas SET pendencia = 'Devolver 5 reais', pendente_desde = datetime('now') WHERE pedido = {order['id']}")
    page.reload()
    expect(check(page, "Pedidos atrasados")).to_contain_text("Um pedido espera há 50 min.")
    expect(check(page, "Pendências")).to_contain_text("Uma espera por uma decisão sua")
    expect(page.get_by_text("3 coisas pedem atenção.")).to_be_visible()
    owner.sees_no_barrier()
    owner.fits("gerencia-pede")
    check(page, "Pendências").get_by_role("link", name="Resolver no caixa").click()
    expect(page.get_by_text("Devolver 5 reais")).to_be_visible()


def test_it_says_that_a_provider_is_away(open_restaurant, somebody):
    restaurant = open_restaurant(MERCADO_PAGO_TOKEN="TEST-x", MERCADO_PAGO_POS="CAIXA1", MERCADO_PAGO_WEBHOOK_UNSIGNED="true", MERCADO_PAGO_URL="http://127.0.0.1:1", ACCESS="auto", MERCADO_PAGO_CHECKOUT_MS="100")
    page = become_manager(restaurant, somebody(restaurant))
    expect(check(page, "Pagamentos")).to_contain_text("Pelo Mercado Pago.")
    deadline = time.monotonic() + 60
    while "não responde" not in check(page, "Pagamentos").inner_text():
        assert time.monotonic() < deadline
        restaurant.order()
        page.reload()
    expect(check(page, "Pagamentos")).to_contain_text("Receba no caixa")


def test_a_cook_is_shown_the_way(restaurant, somebody):
    crew = Crew(restaurant)
    crew.hire("Caio", "cozinha", "1739")
    person = somebody(restaurant)
    page = person.page
    page.goto("/gerencia")
    expect(page.get_by_role("link", name="Entrar")).to_be_visible()
    person.sees_no_barrier()
    person.fits("gerencia-fora")
    enrol(page, crew.code("gerente"))
    enter(page, "Caio", "1739")
    expect(page).to_have_url(f"{restaurant.url}/cozinha")
    page.goto("/gerencia")
    expect(page.get_by_text("é só de gerentes")).to_be_visible()
    person.sees_no_barrier()


def test_codes_for_the_counter_and_the_tables_are_printed(restaurant, somebody):
    restaurant.ask("PUT", "/restaurante", {"nome": "Cantina <da> Ana"})
    owner = somebody(restaurant, java_script_enabled=False)
    page = owner.page
    page.goto("/gerencia/qr")
    expect(page.get_by_role("img")).to_have_count(1)
    expect(page.get_by_text("não servem ainda")).to_be_visible()
    page.get_by_label("Quantas mesas?").fill("4")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img")).to_have_count(5)
    expect(page.get_by_role("listitem").filter(has_text="Mesa 4")).to_contain_text(f"{restaurant.url}/cardapio?mesa=4")
    page.emulate_media(media="print")
    expect(page.get_by_label("Quantas mesas?")).to_be_hidden()
    expect(page.get_by_role("banner")).to_be_hidden()
    page.screenshot(path=f"{os.environ.get('SCREENS', '/tmp')}/qr-print.png", full_page=True)
    owner.expects("422")
    for wrong in ["201", "-1", "x", "1.5"]:
        page.goto(f"/gerencia/qr?mesas={wrong}")
        expect(page.get_by_role("alert")).to_have_text("O número de mesas deve ser de 0 a 200.")


def test_codes_have_no_barrier(restaurant, somebody):
    owner = somebody(restaurant)
    page = owner.page
    page.goto("/gerencia/qr?mesas=3")
    owner.sees_no_barrier()
    owner.fits("gerencia-qr")
    # By another name than that of the device itself nothing is wrong with them.
    answer = page.request.get("/gerencia/qr?mesas=200", headers={"Host": "cantina.exemplo"})
    text = answer.text()
    assert "não servem ainda" not in text and text.count("<svg") == 201
    assert "http://cantina.exemplo/cardapio?mesa=200" in text
    assert answer.headers["content-encoding"] == "gzip"
