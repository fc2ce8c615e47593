"""Who runs the restaurant, before `/gerencia/restaurante`."""

import pytest
from playwright.sync_api import expect

from crew import Crew


@pytest.mark.parametrize("scripts", [True, False])
def test_the_restaurant_says_who_it_is(restaurant, somebody, scripts):
    owner = somebody(restaurant, java_script_enabled=scripts)
    owner.expects("422")
    page = owner.page
    page.goto("/gerencia/restaurante")
    page.get_by_label("Nome").fill("Cantina <da> Ana")
    page.get_by_label("CNPJ").fill("11.222.333/0001-80")
    page.get_by_label("Telefone").fill("81 3456-7890")
    page.get_by_label("Cor da casa").fill("#0b6e4f")
    page.get_by_label("Atenção depois de").fill("30")
    page.get_by_role("button", name="Gravar os dados").click()
    expect(page.get_by_label("CNPJ")).to_have_accessible_description("Sai nos comprovantes. CNPJ inválido.")
    expect(page.get_by_label("CNPJ")).to_be_focused()
    expect(page.get_by_label("Nome")).to_have_value("Cantina <da> Ana")
    if scripts:
        owner.sees_no_barrier()
        owner.fits("gerencia-restaurante-erro")
    page.get_by_label("CNPJ").fill("11222333000181")
    page.get_by_role("button", name="Gravar os dados").click()
    expect(page.get_by_label("Atrasado depois de")).to_have_accessible_description("Comanda vermelha na cozinha. Atrasado depois de (min) deve ser maior que o de atenção.")
    page.get_by_label("Atenção depois de").fill("8")
    page.get_by_role("button", name="Gravar os dados").click()
    expect(page.get_by_role("status")).to_have_text("Gravado.")
    expect(page.get_by_role("banner")).to_have_css("background-color", "rgb(11, 110, 79)")
    house = restaurant.ask("GET", "/restaurante")
    assert [house[field] for field in ["nome", "cnpj", "telefone", "minutos_amarelo"]] == ["Cantina <da> Ana", "11.222.333/0001-81", "81 3456-7890", 8]
    # An empty field is taken away.
    page.get_by_label("Telefone").fill("")
    page.get_by_role("button", name="Gravar os dados").click()
    expect(page.get_by_role("status")).to_have_text("Gravado.")
    assert restaurant.ask("GET", "/restaurante")["telefone"] is None
    if scripts:
        owner.sees_no_barrier()
        owner.fits("gerencia-restaurante")


@pytest.mark.parametrize("scripts", [True, False])
def test_hours_and_other_days_are_set(restaurant, somebody, scripts):
    owner = somebody(restaurant, java_script_enabled=scripts)
    owner.expects("422")
    page = owner.page
    page.goto("/gerencia/restaurante")
    page.get_by_label("Sexta, 1º horário: abre").fill("18:00")
    page.get_by_label("1º dia diferente: data").fill("2030-12-25")
    page.get_by_label("1º dia diferente: motivo").fill("Natal")
    page.get_by_role("button", name="Gravar os horários").click()
    expect(page.get_by_role("alert")).to_contain_text("Sexta: a hora de fechar")
    expect(page.get_by_label("Sexta, 1º horário: abre")).to_have_value("18:00")
    expect(page.get_by_label("1º dia diferente: motivo")).to_have_value("Natal")
    if scripts:
        owner.sees_no_barrier()
    page.get_by_label("Sexta, 1º horário: fecha").fill("02:00")
    page.get_by_role("button", name="Gravar os horários").click()
    expect(page.get_by_role("status")).to_have_text("Gravado.")
    house = restaurant.ask("GET", "/restaurante")
    assert house["horarios"] == [{"dia": "sexta", "abre": "18:00", "fecha": "02:00"}]
    assert house["excecoes"] == [{"data": "2030-12-25", "motivo": "Natal", "horarios": []}]
    # One more, and the date taken off.
    page.get_by_label("Sexta, 2º horário: abre").fill("11:30")
    page.get_by_label("Sexta, 2º horário: fecha").fill("15:00")
    page.get_by_label("1º dia diferente: data").fill("")
    page.get_by_role("button", name="Gravar os horários").click()
    expect(page.get_by_role("status")).to_have_text("Gravado.")
    house = restaurant.ask("GET", "/restaurante")
    assert len(house["horarios"]) == 2 and house["excecoes"] == []


def test_a_pause_is_begun_and_ended(restaurant, somebody):
    owner = somebody(restaurant, java_script_enabled=False)
    page = owner.page
    page.goto("/gerencia/restaurante")
    for button, words in [("Pausa de 30 minutos", "acaba sozinha às"), ("Até amanhã", "acaba sozinha às"), ("Até eu voltar", "quando você disser")]:
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("heading", name="Em pausa")).to_be_visible()
        expect(page.get_by_text(words)).to_be_visible()
        assert restaurant.ask("GET", "/restaurante")["pausado"]
        page.get_by_role("button", name="Voltar a receber pedidos").click()
        expect(page.get_by_role("heading", name="Recebendo pedidos")).to_be_visible()
    assert not restaurant.ask("GET", "/restaurante")["pausado"]


def test_of_two_who_change_it_the_second_is_told(restaurant, somebody):
    owners = [somebody(restaurant) for _ in range(2)]
    owners[1].expects("412")
    ana, eva = [owner.page for owner in owners]
    for page in [ana, eva]:
        page.goto("/gerencia/restaurante")
    ana.get_by_label("Cidade").fill("Olinda")
    ana.get_by_role("button", name="Gravar os dados").click()
    expect(ana.get_by_role("status")).to_have_text("Gravado.")
    eva.get_by_label("Endereço").fill("Rua das Flores, 10")
    eva.get_by_role("button", name="Gravar os dados").click()
    expect(eva.get_by_role("alert")).to_contain_text("nada do seu foi gravado")
    expect(eva.get_by_role("alert").get_by_role("listitem")).to_have_text(["Endereço: vazio", "Cidade: Olinda"])
    expect(eva.get_by_label("Endereço")).to_have_value("Rua das Flores, 10")
    owners[1].sees_no_barrier()
    owners[1].fits("gerencia-restaurante-mudou")
    assert restaurant.ask("GET", "/restaurante")["endereco"] is None
    eva.get_by_label("Cidade").fill("Olinda")
    eva.get_by_role("button", name="Gravar os dados").click()
    expect(eva.get_by_role("status")).to_have_text("Gravado.")
    house = restaurant.ask("GET", "/restaurante")
    assert (house["cidade"], house["endereco"]) == ("Olinda", "Rua das Flores, 10")
    # The same with the hours.
    ana.get_by_label("Sexta, 1º horário: abre").fill("18:00")
    ana.get_by_label("Sexta, 1º horário: fecha").fill("23:00")
    owners[0].expects("412")
    ana.get_by_role("button", name="Gravar os horários").click()
    expect(ana.get_by_role("alert")).to_contain_text("nada do seu foi gravado")
    expect(ana.get_by_label("Sexta, 1º horário: abre")).to_have_value("18:00")


def test_only_a_manager_changes_it(restaurant, somebody):
    Crew(restaurant)
    page = somebody(restaurant).page
    page.goto("/gerencia/restaurante")
    expect(page).to_have_url(f"{restaurant.url}/entrar?para=/gerencia/restaurante")
