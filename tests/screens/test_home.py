"""The newcomer before `/`."""

from playwright.sync_api import expect


def test_a_newcomer_finds_the_screens_and_is_told_of_open_doors(restaurant, somebody):
    newcomer = somebody(restaurant)
    page = newcomer.page
    page.goto("/")
    expect(page.get_by_text("Pagamentos simulados")).to_be_visible()
    expect(page.get_by_role("heading", name="As portas estão abertas")).to_be_visible()
    newcomer.sees_no_barrier()
    newcomer.fits("inicio")
    page.get_by_role("link", name="Painel").click()
    expect(page.get_by_role("heading", name="Pronto")).to_be_visible()


def test_a_locked_restaurant_says_nothing_of_doors(restaurant, somebody):
    restaurant.command("chave", "criar", "gerente", "Ana")
    newcomer = somebody(restaurant)
    newcomer.page.goto("/")
    newcomer.expects("401")
    newcomer.waits_until("fetch('/clientes').then(answer => answer.status === 401)")
    newcomer.page.reload()
    expect(newcomer.page.get_by_text("Portas abertas")).to_have_count(0)


def test_colours_of_the_restaurant(restaurant, somebody):
    restaurant.ask("PUT", "/restaurante", {"nome": "Cantina <da> Ana", "cor_primaria": "#ffe000"})
    guest = somebody(restaurant)
    guest.page.goto("/")
    header = guest.page.locator(".topo")
    expect(header).to_have_text("Cantina <da> Ana")
    expect(header).to_have_css("background-color", "rgb(255, 224, 0)")
    expect(header).to_have_css("color", "rgb(0, 0, 0)")
    guest.sees_no_barrier()


def test_a_program_is_led_to_the_documentation(restaurant, somebody):
    answer = somebody(restaurant).context.request.get("/", headers={"Accept": "*/*"}, max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (307, "/redoc")
