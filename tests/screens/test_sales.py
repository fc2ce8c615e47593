"""The manager before `/vendas`."""

import csv
import io
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import expect

from crew import Crew

PASSWORD = "cavalo bateria grampo"


@pytest.fixture
def sold(restaurant):
    """A restaurant in which something was sold today, and something given back."""
    for n, (product, quantity) in enumerate([(1, 3), (8, 2), (12, 999), (4, 1), (10, 1)]):
        order = restaurant.ask("POST", "/pedidos/checkout", {"itens": [{"produto": product, "quantidade": quantity}]})
        restaurant.ask("POST", f"/pedidos/{order['id']}/pagamento", {"meio": ["dinheiro", "maquininha"][n % 2], "responsavel": "Ana"})
        if product == 10:
            restaurant.ask("POST", f"/pedidos/{order['id']}/cancelamento", {"motivo": "acabou"})
    return restaurant


def reais(amount):
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def today():
    return (datetime.now(timezone.utc) - timedelta(hours=3)).date()


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("length", ["dia", "semana", "mes"])
def test_the_page_says_what_the_ledger_says(sold, somebody, scripts, length):
    person = somebody(sold, java_script_enabled=scripts)
    page = person.page
    page.goto(f"/vendas?periodo={length}")
    if length != "dia":
        expect(page.get_by_role("region", name="Tabela: por dia").get_by_role("row")).to_have_count(8 if length == "semana" else page.locator("#t-dia ~ svg rect").count() + 1)
    report = sold.ask("GET", f"/vendas.json?de={today()}&ate={today()}")
    for name, field in [("Vendido", "vendido"), ("Devolvido", "devolvido"), ("Líquido", "liquido")]:
        shown = page.locator(".totais div", has_text=name).locator("dd")
        expect(shown).to_have_text(f"R$ {reais(report[field])}")
    products = page.get_by_role("region", name="Tabela: por produto").get_by_role("row")
    expect(products).to_have_count(1 + len(report["por_produto"]))
    for row, product in enumerate(report["por_produto"], 1):
        expect(products.nth(row)).to_contain_text(product["nome"])
        expect(products.nth(row)).to_contain_text(reais(product["vendido"]))
    hours = [h for h in report["por_hora"] if h["pedidos"]]
    for hour in hours:
        expect(page.get_by_role("region", name="Tabela: por hora").get_by_role("row", name=f"{hour['hora']}h {hour['pedidos']}")).to_contain_text(reais(hour["vendido"]))
    # A bar for each hour, and only those with sales have a height.
    bars = page.locator("#t-hora ~ svg rect")
    expect(bars).to_have_count(24)
    assert sum(int(bars.nth(n).get_attribute("height")) > 0 for n in range(24)) == len(hours)
    if scripts:
        person.sees_no_barrier()
        person.fits(f"vendas-{length}")


def test_a_table_comes_as_a_file(sold, somebody):
    page = somebody(sold).page
    page.goto("/vendas?periodo=mes")
    with page.expect_download() as download:
        page.get_by_role("link", name="Planilha por produto").click()
    assert download.value.suggested_filename.startswith("vendas-por-produto-")
    text = open(download.value.path(), encoding="utf-8-sig", newline="").read()
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert rows[0] == {"produto": "12", "nome": "Açaí com Granola", "quantidade": "1000", "vendido": "17800,00"}


def test_one_goes_to_other_days(sold, somebody):
    person = somebody(sold)
    page = person.page
    page.goto("/vendas")
    expect(page.get_by_role("link", name="Depois")).to_have_count(0)
    page.get_by_role("link", name="Antes").click()
    expect(page.get_by_role("link", name="Depois")).to_be_visible()
    page.get_by_label("Data").fill("2026-03-10")
    page.get_by_role("button", name="Ver").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("terça, 10 de março de 2026")
    expect(page.get_by_text("Nada vendido nem devolvido.")).to_be_visible()
    person.sees_no_barrier()
    person.fits("vendas-nada")
    page.get_by_role("link", name="Semana").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("de 9 de março de 2026 a 15 de março de 2026")
    page.get_by_role("link", name="Mês", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("março de 2026")
    person.expects("422")
    page.goto("/vendas?em=ontem")
    expect(page.get_by_role("alert")).to_contain_text("deve ser uma data")
    page.goto("/vendas?periodo=ano")
    expect(page.get_by_role("alert")).to_contain_text("dia, semana ou mes")


def test_only_a_manager_sees_it(restaurant, somebody):
    crew = Crew(restaurant)
    ana = crew.hire("Ana", "gerente", "4172", PASSWORD)
    page = somebody(restaurant).page
    page.goto("/vendas")
    expect(page).to_have_url(f"{restaurant.url}/entrar?para=/vendas")
    page.get_by_label("Seu número").fill(str(ana))
    page.get_by_label("Senha").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{restaurant.url}/vendas")
    expect(page.get_by_role("link", name="Vendas", exact=True)).to_have_attribute("aria-current", "page")
