"""What each screen says to somebody who hears it: the title, then headings, names and texts in their order, as Chromium's
accessibility tree has them, beside the text that was read and found good.

After a change of a page `READING_ORDER=write` stores what it says now: read that as somebody who does not see the page.
"""

import os
import pathlib
import re

import pytest
from playwright.sync_api import expect

from crew import Crew, enrol, enter
from test_kitchen import backdate
from test_management import become_manager
from test_order import news, page_of
from test_staff import PASSWORD, come, opened

STORED = pathlib.Path(__file__).parent / "reading_order"
# What is another in each run: the address, what only one customer knows, the clock.
VARYING = [(r"http://127\.0\.0\.1:\d+", "http://casa"), (r"/acompanhar/(\d+)-[\w-]+", r"/acompanhar/\1-SEGREDO"),
           (r"000201.*", "CÓDIGO"), (r"Até as \d\d:\d\d", "Até as HH:MM"), (r"faltam \d+:\d\d", "faltam MM:SS"),
           (r"de \d\d/\d\d/\d{4}, .* usada.*", "de DD/MM/AAAA, USADA QUANDO")]


@pytest.fixture
def small(restaurant):
    """A menu that can be read: two products to eat, one of which has run out, a drink and a dessert."""
    for product in [2, 4, 5, 7, 9, 11, 12]:
        restaurant.ask("DELETE", f"/produtos/{product}")
    restaurant.ask("PUT", "/produtos/6/esgotado", {})
    return restaurant


def reads(page, name, part="body"):
    """The page, or a part of it, says what is stored under this name."""
    said = f"# {page.title()}\n{page.locator(part).aria_snapshot()}\n"
    for varying, word in VARYING:
        said = re.sub(varying, word, said)
    file = STORED / f"{name}.yaml"
    if os.environ.get("READING_ORDER") == "write":
        file.write_text(said)
    assert said == file.read_text(), name


def test_what_a_newcomer_hears(small, somebody):
    page = somebody(small).page
    page.goto("/")
    reads(page, "inicio")


def test_what_a_customer_hears(small, somebody):
    guest = somebody(small, viewport={"width": 390, "height": 844})
    guest.expects("404")
    page = guest.page
    page.goto("/cardapio?mesa=7")
    page.get_by_role("button", name="Mais um: Misto Quente").click()
    page.get_by_text("Observação sobre Misto Quente").click()
    page.get_by_label("Observação sobre Misto Quente").fill("sem tomate")
    reads(page, "cardapio")
    order = small.order(itens=[{"produto": 3, "quantidade": 2, "descricao": "sem tomate"}], mesa="7")
    page.goto(page_of(order))
    expect(page.locator("#resta")).to_contain_text("faltam")
    page.get_by_text("Cancelar o pedido").click()
    reads(page, "pedido-a-pagar")
    news(small, order, "state_FINISHED")
    expect(page.get_by_text("Pagamento aprovado")).to_be_visible()
    small.move(order["id"], 2)
    small.move(order["id"], 3)
    expect(page.get_by_role("status")).to_contain_text("Está pronto")
    reads(page, "pedido-pronto")
    order = small.order()
    small.ask("POST", f"/pedidos/{order['id']}/cancelamento", {"motivo": "desistiu"})
    page.goto(page_of(order))
    reads(page, "pedido-cancelado")
    page.goto("/acompanhar/999999")
    reads(page, "pedido-que-nao-existe")


def test_what_a_customer_hears_whose_order_is_refused(small, somebody):
    guest = somebody(small)
    guest.expects("422")
    page = guest.page
    page.goto("/cardapio")
    page.get_by_role("button", name="Fazer pedido").click()
    expect(page.get_by_role("alert")).to_be_focused()
    reads(page, "cardapio-com-erro")


def test_what_a_totem_says(small, somebody):
    page = somebody(small, viewport={"width": 1080, "height": 1920}).page
    page.clock.install()
    page.goto("/totem")
    reads(page, "totem")
    page.get_by_role("link", name="Comer aqui").click()
    expect(page.get_by_role("button", name="Mais um: Misto Quente")).to_be_visible()
    reads(page, "totem-cardapio")
    page.clock.run_for(62_000)
    expect(page.get_by_role("dialog")).to_have_accessible_description(re.compile("A tela recomeça em"))
    page.locator("#faltam").evaluate("left => left.textContent = '20'")
    # What is behind it cannot be reached.
    reads(page, "totem-pergunta", "dialog")


def test_what_a_cook_hears(small, somebody):
    late = small.order(mesa="7", itens=[{"produto": 1, "quantidade": 2, "descricao": "sem cebola"}, {"produto": 8, "quantidade": 1}])
    warned = small.order(status=2)
    small.order(status=3)
    backdate(small, late, 21)
    backdate(small, warned, 11)
    page = somebody(small).page
    page.goto("/cozinha")
    expect(page.get_by_role("button", name="Teclas")).to_be_visible()
    reads(page, "cozinha")
    page.get_by_text("Acabou alguma coisa?").click()
    page.get_by_role("button", name=f"Começar (senha {late['senha']})").click()
    expect(page.locator("#avisos")).to_contain_text("Em preparação")
    reads(page, "cozinha-desfazer-e-acabou")


def test_what_the_room_hears(small, somebody):
    for status in [2, 2, 3]:
        small.order(status=status)
    page = somebody(small).page
    page.goto("/painel")
    expect(page.get_by_role("button", name="Ligar o som")).to_be_visible()
    reads(page, "painel")


def test_what_a_cashier_hears(small, somebody):
    order = small.order(mesa="7", itens=[{"produto": 3, "quantidade": 2, "descricao": "sem tomate"}])
    page = somebody(small).page
    page.goto("/caixa")
    expect(page.get_by_label("Procurar produto")).to_be_visible()
    reads(page, "caixa")
    page.goto(f"/caixa?pedido={order['id']}")
    page.get_by_text("Cancelar o pedido").click()
    page.get_by_label("Dinheiro recebido").fill("50")
    reads(page, "caixa-pedido")


def test_what_a_manager_hears_of_an_approval(small, somebody):
    order = small.order()
    news(small, order, "state_FINISHED")
    crew = Crew(small)
    crew.hire("Ana", "gerente", "4172", PASSWORD)
    crew.hire("Bia", "balcao", "2580")
    page = somebody(small).page
    enrol(page, crew.code("balcao"))
    reads(page, "entrar-no-aparelho")
    enter(page, "Bia", "2580")
    page.goto(f"/caixa?pedido={order['id']}")
    page.get_by_text("Cancelar o pedido").click()
    page.get_by_text("Devolver dinheiro do QR").click()
    reads(page, "caixa-aprovacao")


def test_what_an_owner_hears_at_the_first_run(small, somebody):
    owner = somebody(small)
    page = owner.page
    page.goto("/gerencia")
    expect(page.get_by_label("Convite", exact=True)).to_be_visible()
    reads(page, "gerencia-comeco")
    become_manager(small, owner)
    reads(page, "gerencia")


def test_what_a_manager_hears(small, somebody):
    owner = somebody(small)
    owner.expects("422")
    page = owner.page
    page.goto("/gerencia/cardapio")
    page.get_by_text("X-Burger da Casa", exact=True).click()
    reads(page, "gerencia-cardapio")
    page.goto("/gerencia/restaurante")
    reads(page, "gerencia-restaurante")
    page.get_by_label("CNPJ").fill("1")
    page.get_by_role("button", name="Gravar os dados").click()
    expect(page.get_by_label("CNPJ")).to_be_focused()
    reads(page, "gerencia-restaurante-erro")
    page.goto("/gerencia/qr?mesas=2")
    reads(page, "gerencia-qr")


@pytest.mark.parametrize("path", ["pessoas", "aparelhos", "chaves"])
def test_what_a_manager_hears_of_people_devices_and_keys(small, somebody, path):
    crew = Crew(small)
    crew.ana = crew.hire("Ana", "gerente", "4172", PASSWORD)
    crew.hire("Bia", "balcao", "2580")
    crew.code("cozinha")
    page = somebody(small).page
    page.goto(f"/gerencia/{path}")
    if path == "pessoas":
        reads(page, "entrar")
    come(crew, page, f"/gerencia/{path}")
    new = {"pessoas": "Pessoa nova", "aparelhos": "Aparelho novo", "chaves": "Chave nova"}[path]
    entry = {"pessoas": "Bia", "aparelhos": "Terminal cozinha", "chaves": "Chave"}[path]
    opened(page, new)
    page.locator("details[id]", has_text=entry).locator("summary").click()
    reads(page, f"gerencia-{path}")


def test_what_a_manager_hears_of_sales(small, somebody):
    order = small.order(itens=[{"produto": 1, "quantidade": 3}, {"produto": 8, "quantidade": 1}])
    small.ask("POST", f"/pedidos/{order['id']}/pagamento", {"meio": "dinheiro", "responsavel": "Ana"})
    small.change("UPDATE eventos SET datahora = '2026-03-10 22:30:00' WHERE tipo IN ('pagamento', 'reembolso')")
    page = somebody(small).page
    page.goto("/vendas?periodo=semana&em=2026-03-10")
    reads(page, "vendas")
