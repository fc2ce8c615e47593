"""The manager before `/gerencia/pessoas`, `/gerencia/aparelhos` and `/gerencia/chaves`; and what all pages with forms share."""

import pytest
from playwright.sync_api import expect

from crew import Crew, enrol, enter

PASSWORD = "cavalo bateria grampo"


@pytest.fixture
def house(restaurant):
    """A locked restaurant with a manager; `enter` brings her before a page."""
    crew = Crew(restaurant)
    crew.ana = crew.hire("Ana", "gerente", "4172", PASSWORD)
    return crew


def come(house, page, path):
    page.goto(path)
    page.get_by_label("Seu número").fill(str(house.ana))
    page.get_by_label("Senha").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{house.restaurant.url}{path}")


def opened(page, name):
    """The part of the page with this heading, opened."""
    part = page.locator("details", has=page.locator("summary", has_text=name))
    if part.get_attribute("open") is None:
        part.locator("summary").click()
    return part


@pytest.mark.parametrize("scripts", [True, False])
def test_people_come_change_and_go(restaurant, house, somebody, scripts):
    owner = somebody(restaurant, java_script_enabled=scripts)
    owner.expects("422", "409")
    page = owner.page
    come(house, page, "/gerencia/pessoas")
    new = opened(page, "Pessoa nova")
    new.get_by_label("Nome").fill("Bia <b>")
    new.get_by_label("Faz o quê").select_option("balcao")
    new.get_by_label("PIN").fill("1111")
    new.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("Nada foi gravado")
    expect(new.get_by_label("PIN")).to_be_focused()
    expect(new.get_by_label("Nome")).to_have_value("Bia <b>")
    expect(new.get_by_label("Faz o quê")).to_have_value("balcao")
    if scripts:
        owner.sees_no_barrier()
        owner.fits("gerencia-pessoas-erro")
    new.get_by_label("PIN").fill("2580")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Feito.")
    [bia] = [p for p in house.manage("GET", "/funcionarios") if p["nome"] == "Bia <b>"]
    assert bia["papel"] == "balcao" and not bia["tem_senha"]
    # A password is a manager's only; an empty PIN stays.
    form = opened(page, "Bia <b>")
    form.get_by_label("Nome").fill("Bia")
    form.get_by_label("Senha nova").fill(PASSWORD)
    form.get_by_role("button", name="Gravar").click()
    expect(form.get_by_label("Senha nova")).to_have_accessible_description("Só de gerentes. Em branco fica a de antes. Senha nova é só de gerentes.")
    form.get_by_role("button", name="Gravar").click()
    expect(page.get_by_role("status")).to_have_text("Feito.")
    if scripts:
        owner.fits("gerencia-pessoas")
        owner.sees_no_barrier()
    # The PIN that she has still counts on a terminal, until she is dismissed.
    till = somebody(restaurant)
    till.expects("401")
    enrol(till.page, house.code("balcao"))
    enter(till.page, "Bia", "2580")
    expect(till.page).to_have_url(f"{restaurant.url}/caixa")
    opened(page, "Bia").get_by_role("button", name="Desligar").click()
    expect(page.get_by_role("status")).to_have_text("Feito.")
    expect(opened(page, "Já não trabalham aqui: 1").get_by_role("listitem")).to_contain_text("Bia")
    till.page.goto("/caixa")
    expect(till.page).to_have_url(f"{restaurant.url}/entrar?para=/caixa")
    # Somebody has to manage.
    house.manage("DELETE", "/chaves/1")
    opened(page, "Ana").get_by_role("button", name="Desligar").click()
    expect(page.get_by_role("alert")).to_contain_text("crie outro antes")
    owner.sees_no_barrier() if scripts else None


def test_another_pin_ends_the_persons_sessions(restaurant, house, somebody):
    house.hire("Caio", "cozinha", "1739")
    till = somebody(restaurant)
    till.expects("401", "ERR_INCOMPLETE_CHUNKED_ENCODING")
    enrol(till.page, house.code("balcao"))
    enter(till.page, "Caio", "1739")
    expect(till.page).to_have_url(f"{restaurant.url}/cozinha")
    page = somebody(restaurant).page
    come(house, page, "/gerencia/pessoas")
    form = opened(page, "Caio")
    form.get_by_label("PIN novo").fill("9137")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Feito.")
    till.page.goto("/cozinha")
    expect(till.page).to_have_url(f"{restaurant.url}/entrar?para=/cozinha")
    enter(till.page, "Caio", "1739")
    expect(till.page.get_by_role("alert").filter(has_text="errados")).to_be_visible()
    enter(till.page, "Caio", "9137")
    expect(till.page).to_have_url(f"{restaurant.url}/cozinha")
    opened(page, "Caio").get_by_role("button", name="Tirar de todos os aparelhos").click()
    expect(page.get_by_role("status")).to_have_text("Feito.")
    till.page.goto("/cozinha")
    expect(till.page).to_have_url(f"{restaurant.url}/entrar?para=/cozinha")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_tablet_becomes_the_kitchens(restaurant, house, somebody, scripts):
    owner = somebody(restaurant, java_script_enabled=scripts)
    page = owner.page
    come(house, page, "/gerencia/aparelhos")
    new = opened(page, "Aparelho novo")
    new.get_by_label("Nome").fill("Tablet da chapa")
    new.get_by_role("button", name="Fazer o código").click()
    code = page.locator(".segredo").inner_text()
    expect(page.get_by_text(f"Abra {restaurant.url}/entrar no aparelho")).to_be_visible()
    if scripts:
        owner.sees_no_barrier()
        owner.fits("gerencia-aparelhos")
    tablet = somebody(restaurant).page
    enrol(tablet, code)
    tablet.get_by_role("link", name="Abrir a cozinha").click()
    expect(tablet.get_by_role("heading", name="Cozinha", exact=True)).to_be_attached()
    page.goto("/gerencia/aparelhos")
    expect(page.locator("summary", has_text="Tablet da chapa")).to_contain_text("cozinha, inscrito")
    expect(page.get_by_text(code)).to_have_count(0)
    opened(page, "Tablet da chapa").get_by_role("button", name="Outro código").click()
    assert page.locator(".segredo").inner_text() != code
    opened(page, "Tablet da chapa").get_by_role("button", name="Revogar").click()
    expect(page.get_by_role("status")).to_have_text("Feito.")
    expect(page.locator("summary", has_text="Revogados: 1")).to_be_visible()
    tablet.goto("/cozinha")
    expect(tablet).to_have_url(f"{restaurant.url}/entrar?para=/cozinha")


def test_a_key_is_shown_once(restaurant, house, somebody):
    owner = somebody(restaurant)
    owner.expects("422")
    page = owner.page
    come(house, page, "/gerencia/chaves")
    new = opened(page, "Chave nova")
    new.get_by_label("De quem é").fill("ERP")
    new.get_by_label("O que abre").select_option("maquina")
    new.get_by_label("Por quantos dias").fill("9999")
    new.get_by_role("button", name="Fazer a chave").click()
    expect(new.get_by_label("Por quantos dias")).to_have_accessible_description("Em branco: até ser revogada. Por quantos dias deve ser um número de 1 a 3650.")
    new.get_by_label("Por quantos dias").fill("30")
    page.keyboard.press("Enter")
    key = page.locator(".segredo").inner_text()
    owner.sees_no_barrier()
    owner.fits("gerencia-chaves")
    assert restaurant.command("chave", "listar").count("ERP") == 1
    figures = page.request.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert figures.status == 200
    page.goto("/gerencia/chaves")
    expect(page.get_by_text(key)).to_have_count(0)
    opened(page, "ERP").get_by_role("button", name="Revogar").click()
    expect(page.locator("summary", has_text="Já não abrem nada: 1")).to_be_visible()
    stranger = somebody(restaurant).context.request
    assert stranger.get("/metrics", headers={"Authorization": f"Bearer {key}"}).status == 401


@pytest.mark.parametrize("page_of", ["pessoas", "aparelhos", "chaves", "cardapio"])
def test_a_second_tap_sends_nothing(restaurant, house, somebody, page_of):
    page = somebody(restaurant).page
    come(house, page, f"/gerencia/{page_of}")
    # What the page would send is counted, and stays here.
    taps = """() => {
      let sent = 0;
      addEventListener('submit', event => { sent += event.defaultPrevented ? 0 : 1; event.preventDefault(); });
      const form = document.querySelector('main form');
      form.noValidate = true;
      const tap = () => { form.querySelector('button').click(); return sent; };
      const taps = [tap(), tap()];
      dispatchEvent(new Event('pageshow'));
      return [...taps, tap()];
    }"""
    assert page.evaluate(taps) == [1, 1, 2]


def test_only_a_manager_comes_here(restaurant, house, somebody):
    house.hire("Bia", "balcao", "2580")
    page = somebody(restaurant).page
    enrol(page, house.code("gerente"))
    enter(page, "Bia", "2580")
    expect(page).to_have_url(f"{restaurant.url}/caixa")
    for path in ["/gerencia/pessoas", "/gerencia/aparelhos", "/gerencia/chaves", "/gerencia/qr"]:
        page.goto(path)
        expect(page).to_have_url(f"{restaurant.url}/entrar?para={path}")
        expect(page.get_by_text("Isto não basta para a página que você abriu")).to_be_visible()
        if path != "/gerencia/qr":
            for headers in [{"Origin": restaurant.url}, {"Origin": "https://ladrao.exemplo"}]:
                answer = page.request.post(path, form={"nome": "Ladrão", "papel": "gerente", "pin": "4172"}, headers=headers, max_redirects=0)
                assert answer.status == (303 if headers["Origin"] == restaurant.url else 403)
    assert "Ladrão" not in str(house.manage("GET", "/funcionarios"))


def test_before_there_is_a_manager_one_is_shown_how_to_begin(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/gerencia/pessoas")
    expect(page).to_have_url(f"{restaurant.url}/entrar?para=/gerencia/pessoas")
    page.get_by_role("link", name="Como começar").click()
    expect(page.get_by_role("heading", name="Comece o seu restaurante")).to_be_visible()
