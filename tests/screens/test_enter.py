"""The staff before `/entrar`."""

import pytest
from playwright.sync_api import expect

from crew import Crew, enrol, enter

PASSWORD = "cavalo bateria grampo"


@pytest.fixture
def crew(restaurant):
    return Crew(restaurant)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_page_leads_to_the_way_in_and_on(restaurant, crew, somebody, scripts):
    crew.hire("Ana", "gerente", "4172", PASSWORD)
    bia = crew.hire("Bia", "balcao", "2580")
    person = somebody(restaurant, java_script_enabled=scripts)
    page = person.page
    page.goto("/cozinha")
    expect(page).to_have_url(f"{restaurant.url}/entrar?para=/cozinha")
    if scripts:
        person.sees_no_barrier()
        person.fits("entrar")
    enrol(page, crew.code("balcao"))
    page.goto("/cozinha")
    expect(page.get_by_role("radio")).to_have_count(2)
    if scripts:
        person.sees_no_barrier()
        person.fits("entrar-terminal")
    person.expects("401")
    enter(page, "Bia", "9999")
    expect(page.get_by_role("alert").filter(has_text="errados")).to_be_visible()
    if scripts:
        person.sees_no_barrier()
    enter(page, "Bia", "2580")
    expect(page).to_have_url(f"{restaurant.url}/cozinha")
    assert crew.manage("GET", "/auditoria")[0]["ator"] == f"funcionario:{bia}"
    page.get_by_role("button", name="Sair").click()
    page.goto("/cozinha")
    expect(page).to_have_url(f"{restaurant.url}/entrar?para=/cozinha")


def test_a_manager_enters_with_a_password_anywhere(restaurant, crew, somebody):
    ana = crew.hire("Ana", "gerente", "4172", PASSWORD)
    page = somebody(restaurant).page
    page.goto("/cozinha")
    page.get_by_label("Seu número").fill(str(ana))
    page.get_by_label("Senha").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{restaurant.url}/cozinha")
    expect(page.get_by_role("banner")).to_contain_text("Ana")


def test_the_pad_types_the_pin(restaurant, crew, somebody):
    crew.hire("Caio", "cozinha", "1739")
    page = somebody(restaurant, has_touch=True).page
    enrol(page, crew.code("cozinha"))
    expect(page.get_by_role("link", name="Abrir a cozinha")).to_be_visible()
    page.get_by_text("Caio").tap()
    for digit in ["1", "7", "8", "Apagar", "3", "9"]:
        page.get_by_role("button", name=digit, exact=True).tap()
    page.get_by_role("button", name="Entrar", exact=True).tap()
    expect(page).to_have_url(f"{restaurant.url}/cozinha")


def test_one_goes_on_to_pages_of_ours_only(restaurant, crew, somebody):
    ana = crew.hire("Ana", "gerente", "4172", PASSWORD)
    person = somebody(restaurant)
    person.expects("404")
    page = person.page
    for evil in ["//ladrao.exemplo", "https://ladrao.exemplo/", "/cozinha/../docs", "/entrar", "javascript:alert(1)", "/clientes"]:
        page.goto(f"/entrar?para={evil}")
        page.get_by_label("Seu número").fill(str(ana))
        page.get_by_label("Senha").fill(PASSWORD)
        page.get_by_role("button", name="Entrar", exact=True).click()
        expect(page).to_have_url(f"{restaurant.url}/gerencia")
        page.goto("/entrar")
        page.get_by_role("button", name="Sair").click()


def test_who_may_not_see_a_page_is_told_and_another_takes_over(restaurant, crew, somebody):
    crew.hire("Caio", "cozinha", "1739")
    person = somebody(restaurant)
    page = person.page
    enrol(page, crew.code("balcao"))
    enter(page, "Caio", "1739")
    expect(page).to_have_url(f"{restaurant.url}/cozinha")
    page.goto("/entrar")
    expect(page.get_by_text("Você entrou como Caio (cozinha)")).to_be_visible()
    person.sees_no_barrier()
    person.fits("entrar-entrou")


def test_a_session_that_ends_is_told_on_the_page(restaurant, crew, somebody):
    ana = crew.hire("Ana", "gerente", "4172", PASSWORD)
    person = somebody(restaurant)
    page = person.page
    page.goto("/cozinha")
    page.get_by_label("Seu número").fill(str(ana))
    page.get_by_label("Senha").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cozinha", exact=True)).to_be_attached()
    person.expects("401", "ERR_INCOMPLETE_CHUNKED_ENCODING")
    crew.manage("DELETE", f"/funcionarios/{ana}/sessoes")
    expect(page.get_by_text("Sua sessão terminou")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Sem conexão")).to_be_hidden()
    person.sees_no_barrier()
    page.get_by_role("link", name="Entrar de novo").click()
    expect(page).to_have_url(f"{restaurant.url}/entrar?para=/cozinha")


def test_another_page_cannot_send_the_forms(restaurant, crew, somebody):
    crew.hire("Ana", "gerente", "4172", PASSWORD)
    request = somebody(restaurant).context.request
    for path in ["/entrar", "/entrar/terminal", "/sair"]:
        answer = request.post(path, headers={"Origin": "https://ladrao.exemplo"}, form={"funcionario": "1", "senha": PASSWORD})
        assert answer.status == 403, path


def test_another_page_cannot_send_forms_where_doors_are_open(restaurant, somebody):
    order = restaurant.order()
    request = somebody(restaurant).context.request
    for path in ["/cozinha", "/cozinha/esgotado", "/caixa", "/caixa/pagamento", "/gerencia/cardapio"]:
        form = {"id": str(order["id"]), "versao": str(order["versao"]), "status": "2", "produto": "1", "meio": "dinheiro"}
        for headers in [{"Origin": "https://ladrao.exemplo"}, {"Sec-Fetch-Site": "cross-site"}]:
            assert request.post(path, headers=headers, form=form).status == 403, path
    assert restaurant.ask("GET", f"/pedidos/{order['id']}")["versao"] == order["versao"]
