"""Everybody in the room, before `/painel`."""

import pytest
from playwright.sync_api import expect


def numbers(page, name):
    return page.get_by_role("region", name=name).get_by_role("listitem")


def test_a_number_goes_from_preparing_to_ready_and_away(restaurant, somebody):
    room = somebody(restaurant)
    page = room.page
    first = restaurant.order(status=2)
    page.goto("/painel")
    expect(numbers(page, "Preparando")).to_have_text([str(first["senha"])])
    second = restaurant.order()
    restaurant.move(second["id"], 2)
    expect(numbers(page, "Preparando")).to_have_text([str(first["senha"]), str(second["senha"])])
    restaurant.move(first["id"], 3)
    expect(numbers(page, "Pronto")).to_have_text([str(first["senha"])])
    expect(numbers(page, "Preparando")).to_have_text([str(second["senha"])])
    expect(page.locator(".nova")).to_have_text(str(first["senha"]))
    room.sees_no_barrier()
    room.fits("painel")
    restaurant.move(first["id"], 4)
    expect(numbers(page, "Pronto")).to_have_count(0)


def test_it_works_without_scripts(restaurant, somebody):
    page = somebody(restaurant, java_script_enabled=False).page
    order = restaurant.order(status=2)
    page.goto("/painel")
    expect(numbers(page, "Preparando")).to_have_text([str(order["senha"])])
    restaurant.move(order["id"], 3)
    # The page is loaded again by itself.
    expect(numbers(page, "Pronto")).to_have_text([str(order["senha"])], timeout=15_000)


@pytest.mark.parametrize("scripts", [True, False])
def test_what_was_ready_before_is_not_called(restaurant, somebody, scripts):
    order = restaurant.order(status=3)
    page = somebody(restaurant, java_script_enabled=scripts).page
    page.goto("/painel")
    expect(numbers(page, "Pronto")).to_have_text([str(order["senha"])])
    expect(page.locator(".nova")).to_have_count(0)


def test_a_dead_link_is_told_and_nothing_is_missed(restaurant, somebody):
    room = somebody(restaurant)
    room.expects("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")
    order = restaurant.order(status=2)
    room.page.goto("/painel")
    expect(numbers(room.page, "Preparando")).to_have_text([str(order["senha"])])
    restaurant.kill()
    expect(room.page.get_by_role("alert")).to_contain_text("Sem conexão há", timeout=15_000)
    room.sees_no_barrier()
    restaurant.start()
    restaurant.move(order["id"], 3)
    expect(numbers(room.page, "Pronto")).to_have_text([str(order["senha"])], timeout=30_000)
    expect(room.page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False])
def test_of_many_that_are_ready_the_newest_is_seen_first(restaurant, somebody, scripts):
    made = [restaurant.order(status=3)["senha"] for _ in range(3)]
    page = somebody(restaurant, java_script_enabled=scripts).page
    page.goto("/painel")
    expect(numbers(page, "Pronto")).to_have_text([str(senha) for senha in reversed(made)])
    last = restaurant.order(status=3)["senha"]
    expect(numbers(page, "Pronto").first).to_have_text(str(last))
