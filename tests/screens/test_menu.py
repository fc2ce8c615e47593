"""The customer before `/cardapio`: chooses, orders, and gets one order whatever happens on the way."""

import gzip
import re
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import expect

LOST = ["ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE",
        "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_NETWORK"]


def orders(restaurant):
    return restaurant.ask("GET", "/pedidos")


def more(page, dish, times=1):
    for _ in range(times):
        page.get_by_role("button", name=f"Mais um: {dish}").click()


def place(page):
    page.get_by_role("button", name="Fazer pedido").click()


def sees_an_order(page):
    # After a failure the page waits longer each time.
    expect(page).to_have_url(re.compile("/acompanhar/"), timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Senha")


def test_a_customer_chooses_and_orders(restaurant, somebody):
    guest = somebody(restaurant, viewport={"width": 390, "height": 844})
    page = guest.page
    page.goto("/cardapio?mesa=7")
    expect(page.get_by_text("Mesa 7")).to_be_visible()
    guest.sees_no_barrier()
    guest.fits("cardapio")
    more(page, "Misto Quente", 2)
    more(page, "X-Burger")
    page.get_by_text("Observação sobre Misto Quente").click()
    page.get_by_label("Observação sobre Misto Quente").fill("sem tomate")
    # 2 x 15,20 + 18,90; the bar is in sight wherever one is on the page.
    expect(page.locator(".no-pe .quanto-da")).to_have_text("R$ 49,30")
    expect(page.locator(".no-pe")).to_be_in_viewport()
    expect(page.get_by_role("listitem").filter(has_text="2× Misto Quente")).to_contain_text("sem tomate")
    guest.sees_no_barrier()
    guest.fits("cardapio-com-pedido")
    page.get_by_role("link", name="Ver pedido").click()
    place(page)
    sees_an_order(page)
    [order] = orders(restaurant)
    assert order["mesa"] == "7"
    expect(page.get_by_text("Mesa 7")).to_be_visible()
    assert sorted((i["quantidade"], i["descricao"]) for i in order["itens"]) == [(1, None), (2, "sem tomate")]
    expect(page.locator(".senha")).to_have_text(str(order["senha"]))
    # The next order begins with nothing.
    page.goto("/cardapio")
    expect(page.locator(".no-pe .quanto-da")).to_have_text("R$ 0,00")


def test_it_works_without_scripts(restaurant, somebody):
    guest = somebody(restaurant, java_script_enabled=False)
    page = guest.page
    page.goto("/cardapio?local=levar")
    page.get_by_label("Quantidade de Misto Quente").fill("2")
    page.get_by_text("Observação sobre Misto Quente").click()
    page.get_by_label("Observação sobre Misto Quente").fill("<b>sem tomate</b>")
    page.get_by_role("button", name="Atualizar o total").click()
    expect(page.locator(".resumo .quanto-da")).to_have_text("R$ 30,40")
    expect(page.get_by_label("Para levar")).to_be_checked()
    expect(page.get_by_role("listitem").filter(has_text="2× Misto Quente")).to_contain_text("<b>sem tomate</b>")
    place(page)
    sees_an_order(page)
    [order] = orders(restaurant)
    assert [(i["quantidade"], i["descricao"]) for i in order["itens"]] == [(2, "<b>sem tomate</b>")]
    assert order["local"] == "levar"
    expect(page.get_by_text("Para levar")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_what_is_wrong_is_said_where_it_is_and_nothing_is_lost(restaurant, somebody, scripts):
    guest = somebody(restaurant, java_script_enabled=scripts)
    guest.expects("422")
    page = guest.page
    page.goto("/cardapio")
    place(page)
    expect(page.get_by_role("alert")).to_contain_text("Escolha pelo menos um item")
    page.get_by_label("Quantidade de X-Burger").fill("1")
    # As by a browser that checks nothing.
    page.locator("form").evaluate("form => form.noValidate = true") if scripts else None
    page.get_by_label("Quantidade de Misto Quente").fill("2" if scripts else "1000")
    if scripts:
        page.get_by_text("Observação sobre Misto Quente").click()
        note = page.get_by_label("Observação sobre Misto Quente")
        note.evaluate("field => field.removeAttribute('maxlength')")
        note.fill("x" * 101)
        place(page)
        expect(page.get_by_text("A observação deve ter no máximo 100 caracteres.")).to_be_visible()
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.get_by_label("Quantidade de X-Burger")).to_have_value("1")
        guest.sees_no_barrier()
        guest.fits("cardapio-com-erro")
        page.get_by_label("Observação sobre Misto Quente").fill("sem tomate")
    else:
        body = {"chave": page.locator("[name=chave]").input_value(), "q1": "1", "q3": "1000"}
        answer = page.request.post("/cardapio", form=body)
        assert answer.status == 422 and "A quantidade deve ser um número de 1 a 999." in answer.text()
        page.get_by_label("Quantidade de Misto Quente").fill("2")
    place(page)
    sees_an_order(page)
    assert len(orders(restaurant)) == 1


def test_a_double_tap_makes_one_order(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/cardapio")
    more(page, "Misto Quente")
    page.get_by_role("button", name="Fazer pedido").dblclick()
    sees_an_order(page)
    assert len(orders(restaurant)) == 1


def test_the_same_form_twice_makes_one_order_without_scripts(restaurant, somebody):
    page = somebody(restaurant, java_script_enabled=False).page
    page.goto("/cardapio")
    form = {"chave": page.locator("[name=chave]").input_value(), "q3": "1"}
    places = {page.request.post("/cardapio", form=form, max_redirects=0).headers["location"] for _ in range(3)}
    assert len(places) == 1 and len(orders(restaurant)) == 1
    # The same page with other items is told so, and makes the next order under another key.
    answer = page.request.post("/cardapio", form={**form, "q1": "1"})
    assert answer.status == 422 and "já tinha sido feito" in answer.text()
    key = re.search('name="chave" value="([^"]+)"', answer.text())[1]
    assert key != form["chave"]
    assert page.request.post("/cardapio", form={"chave": key, "q1": "1"}, max_redirects=0).status == 303
    assert len(orders(restaurant)) == 2


def test_the_cart_survives_a_reload(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/cardapio")
    key = page.locator("[name=chave]").input_value()
    more(page, "Misto Quente", 2)
    page.get_by_text("Observação sobre Misto Quente").click()
    page.get_by_label("Observação sobre Misto Quente").fill("sem tomate")
    page.reload()
    expect(page.get_by_label("Quantidade de Misto Quente")).to_have_value("2")
    expect(page.locator(".no-pe .quanto-da")).to_have_text("R$ 30,40")
    expect(page.locator("[name=chave]")).to_have_value(key)
    expect(page.locator(".linhas")).to_contain_text("sem tomate")


def test_a_reload_in_the_middle_makes_one_order(restaurant, somebody):
    guest = somebody(restaurant)
    page = guest.page
    guest.expects("ERR_FAILED", *LOST)
    page.goto("/cardapio")
    more(page, "Misto Quente")

    def answer_lost(route):
        route.fetch(max_redirects=0)
        route.abort()

    # The order is made, and its answer does not come.
    page.route("**/cardapio", lambda route: answer_lost(route) if route.request.method == "POST" else route.fallback())
    place(page)
    expect(page.get_by_text("Sem conexão")).to_be_visible()
    assert len(orders(restaurant)) == 1
    guest.sees_no_barrier()
    guest.fits("cardapio-sem-conexao")
    page.unroute_all()
    page.reload()
    sees_an_order(page)
    assert len(orders(restaurant)) == 1


def test_a_lost_network_delays_the_order(restaurant, somebody):
    guest = somebody(restaurant)
    guest.expects(*LOST)
    page = guest.page
    page.goto("/cardapio")
    more(page, "Misto Quente")
    guest.context.set_offline(True)
    place(page)
    expect(page.get_by_text("Sem conexão")).to_be_focused()
    guest.context.set_offline(False)
    sees_an_order(page)
    assert len(orders(restaurant)) == 1


def test_one_may_give_up_and_change_the_order(restaurant, somebody):
    guest = somebody(restaurant)
    guest.expects(*LOST)
    page = guest.page
    page.goto("/cardapio")
    more(page, "Misto Quente")
    guest.context.set_offline(True)
    place(page)
    page.get_by_role("button", name="Desistir").click()
    expect(page.get_by_text("Sem conexão")).to_be_hidden()
    guest.context.set_offline(False)
    more(page, "X-Burger")
    page.reload()
    expect(page.locator(".no-pe .quanto-da")).to_have_text("R$ 34,10")
    place(page)
    sees_an_order(page)
    assert [len(order["itens"]) for order in orders(restaurant)] == [2]


def test_a_restarted_server_makes_one_order(restaurant, somebody):
    guest = somebody(restaurant)
    guest.expects(*LOST)
    page = guest.page
    page.goto("/cardapio")
    more(page, "Misto Quente")
    restaurant.kill()
    place(page)
    expect(page.get_by_text("Sem conexão")).to_be_visible()
    restaurant.start()
    sees_an_order(page)
    assert len(orders(restaurant)) == 1


def test_it_works_where_nothing_may_be_kept(restaurant, somebody):
    page = somebody(restaurant).page
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })")
    page.goto("/cardapio")
    more(page, "Misto Quente")
    expect(page.locator(".no-pe .quanto-da")).to_have_text("R$ 15,20")
    place(page)
    sees_an_order(page)
    assert len(orders(restaurant)) == 1


def test_two_windows_have_one_cart(restaurant, somebody):
    guest = somebody(restaurant)
    page, other = guest.page, guest.context.new_page()
    page.goto("/cardapio")
    other.goto("/cardapio")
    more(page, "Misto Quente")
    expect(other.locator(".no-pe .quanto-da")).to_have_text("R$ 15,20")
    place(page)
    sees_an_order(page)
    expect(other.locator(".no-pe .quanto-da")).to_have_text("R$ 0,00")


def test_by_keyboard_alone(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/cardapio")
    press = page.keyboard.press

    def tab_to(name):
        for _ in range(80):
            press("Tab")
            if page.evaluate("(e => e.getAttribute('aria-label') ?? e.textContent)(document.activeElement)").startswith(name):
                return
        raise AssertionError(f"no {name}")

    tab_to("Mais um: Misto Quente")
    press("Enter")
    press("Space")
    press("Tab")
    press("Enter")
    press("Tab")
    page.keyboard.type("sem tomate")
    press("Enter")
    expect(page.locator(".resumo .quanto-da")).to_have_text("R$ 30,40")
    tab_to("Fazer pedido")
    press("Enter")
    sees_an_order(page)
    [order] = orders(restaurant)
    assert [(i["quantidade"], i["descricao"]) for i in order["itens"]] == [(2, "sem tomate")]


def test_a_product_that_is_gone_is_taken_out_and_said(restaurant, somebody):
    guest = somebody(restaurant)
    guest.expects("404")
    page = guest.page
    page.goto("/cardapio")
    more(page, "Misto Quente")
    more(page, "X-Burger")
    restaurant.ask("DELETE", "/produtos/3")
    place(page)
    expect(page.get_by_role("alert")).to_contain_text("saiu do cardápio")
    expect(page.locator(".resumo .quanto-da")).to_have_text("R$ 18,90")
    place(page)
    sees_an_order(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_what_is_sold_out_is_shown_and_taken_out(restaurant, somebody, scripts):
    guest = somebody(restaurant, java_script_enabled=scripts)
    guest.expects("409")
    page = guest.page
    restaurant.ask("PUT", "/produtos/6/esgotado", {})
    page.goto("/cardapio")
    salad = page.locator(".prato", has_text="Salada do Dia")
    expect(salad).to_contain_text("Esgotado")
    expect(salad.locator("input")).to_have_count(0)
    if scripts:
        guest.sees_no_barrier()
    page.get_by_label("Quantidade de Misto Quente").fill("1")
    page.get_by_label("Quantidade de X-Burger").fill("1")
    restaurant.ask("PUT", "/produtos/3/esgotado", {})
    place(page)
    expect(page.get_by_role("alert")).to_contain_text("foi tirado do seu pedido")
    expect(page.locator(".prato", has_text="Misto Quente")).to_contain_text("Acabou de esgotar")
    expect(page.locator(".resumo .quanto-da")).to_have_text("R$ 18,90")
    if scripts:
        guest.sees_no_barrier()
        guest.fits("cardapio-esgotado")
        restaurant.ask("PUT", "/produtos/1/esgotado", {})
        page.reload()
        expect(page.get_by_role("alert")).to_contain_text("Um item do seu carrinho acabou")
        expect(page.locator(".resumo .quanto-da")).to_have_text("R$ 0,00")
        return
    place(page)
    sees_an_order(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_closed_restaurant_says_so_and_keeps_what_was_chosen(restaurant, somebody, scripts):
    guest = somebody(restaurant, java_script_enabled=scripts)
    guest.expects("409")
    page = guest.page
    page.goto("/cardapio")
    page.get_by_label("Quantidade de Misto Quente").fill("1")
    restaurant.ask("PUT", "/restaurante/pausa", {})
    place(page)
    expect(page.get_by_role("alert")).to_contain_text("Estamos em pausa")
    expect(page.get_by_label("Quantidade de Misto Quente")).to_have_value("1")
    restaurant.ask("DELETE", "/restaurante/pausa")
    place(page)
    sees_an_order(page)
    restaurant.ask("PUT", "/restaurante/pausa", {})
    page.goto("/cardapio")
    expect(page.get_by_text("Estamos em pausa")).to_be_visible()
    if scripts:
        guest.sees_no_barrier()
        guest.fits("cardapio-em-pausa")


def test_categories_come_in_the_order_of_the_restaurant(restaurant, somebody):
    restaurant.ask("PUT", "/restaurante", {"categorias": [3, 1, 2, 4]})
    page = somebody(restaurant).page
    page.goto("/cardapio")
    expect(page.locator(".categorias a")).to_have_text(["Bebidas", "Lanches", "Acompanhamentos", "Sobremesas"])


def test_a_table_that_cannot_be_is_said(restaurant, somebody):
    guest = somebody(restaurant)
    guest.expects("422")
    page = guest.page
    page.goto("/cardapio?mesa=" + "7" * 50)
    more(page, "Misto Quente")
    place(page)
    expect(page.get_by_role("alert")).to_contain_text("A mesa do endereço não vale")
    place(page)
    sees_an_order(page)


def test_no_other_page_can_order(restaurant, somebody):
    page = somebody(restaurant).page
    form = {"q3": "1"}
    for headers in [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://ladrao.exemplo"}, {"Origin": "null"}]:
        assert page.request.post("/cardapio", form=form, headers=headers).status == 403
    assert not orders(restaurant)


def test_it_comes_in_one_flight(restaurant):
    """HTML, style and scripts of the first page, as they come: 14 KB in all."""

    def bytes_of(path):
        request = urllib.request.Request(urllib.parse.urljoin(restaurant.url, path), headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
            assert answer.headers["Content-Encoding"] == "gzip", path
            if path.startswith("/arquivos/"):
                assert "immutable" in answer.headers["Cache-Control"]
            return body

    page = bytes_of("/cardapio")
    html = gzip.decompress(page).decode()
    files = re.findall(r'<(?:script|link rel="(?:stylesheet|modulepreload)")[^>]* (?:src|href)="([^"]+)"', html)
    assert len(files) == 2, files
    for file in files:
        assert b"import " not in gzip.decompress(bytes_of(file))
    sizes = {path: len(bytes_of(path)) for path in ["/cardapio", *files]}
    print(sizes, sum(sizes.values()))
    assert sum(sizes.values()) <= 14 * 1024, sizes


def test_an_order_whose_answer_was_lost_is_not_doubled_by_giving_up(restaurant, somebody):
    guest = somebody(restaurant)
    guest.expects(*LOST, "ERR_FAILED")
    page = guest.page
    page.goto("/cardapio")
    more(page, "Misto Quente")

    def lose(route):
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/cardapio", lose)
    place(page)
    page.get_by_role("button", name="Desistir").click()
    page.unroute("**/cardapio")
    place(page)
    sees_an_order(page)
    assert len(orders(restaurant)) == 1


def test_the_table_and_where_it_is_eaten_come_from_the_address(restaurant, somebody):
    page = somebody(restaurant).page
    for local, told in [("levar", "levar"), ("outro", None)]:
        page.goto(f"/cardapio?mesa=7&local={local}")
        more(page, "Misto Quente")
        place(page)
        sees_an_order(page)
        order = orders(restaurant)[-1]
        assert (order["mesa"], order.get("local")) == ("7", told)


@pytest.mark.parametrize("broken", ["{", '{"form": 3}', '{"at": 1}', "[]", "7"])
def test_what_is_kept_may_be_broken(restaurant, somebody, broken):
    page = somebody(restaurant).page
    page.goto("/cardapio")
    page.evaluate("text => { for (const key of ['carrinho', 'pedidos']) localStorage.setItem(key, text) }", broken)
    page.reload()
    more(page, "Misto Quente")
    place(page)
    sees_an_order(page)


def test_back_from_an_order_begins_another_with_nothing(restaurant, somebody):
    page = somebody(restaurant).page
    page.goto("/cardapio")
    more(page, "Misto Quente", 2)
    place(page)
    sees_an_order(page)
    page.go_back()
    expect(page.locator(".no-pe .quanto-da")).to_have_text("R$ 0,00")
    assert page.locator(".prato input[type=number]").evaluate_all("fields => fields.map(field => field.value)") == ["0"] * 12
