"""A running restaurant, and people before its screens: each has a browser of its own, and none may see an error in its
console, a request that leaves the house, or something that axe finds fault with."""

import json
import os
import sqlite3
import subprocess
import time
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

AXE = open(os.environ["AXE"]).read()
# The machine may be slow, and that is not what this is about.
expect.set_options(timeout=20_000)
WIDTHS = [360, 768, 1280, 1920]


class Restaurant:
    """The program on a free port, with a SQLite file of its own."""

    def __init__(self, folder, **settings):
        self.folder, self.settings = folder, settings
        self.port = 0
        self.start()

    def start(self):
        environment = {"HOST": "127.0.0.1", "PORT": str(self.port), "DATABASE_URL": f"sqlite:{self.folder}/r.db",
                       "LOG_LEVEL": "warn", **self.settings}
        log = open(f"{self.folder}/log", "a")
        self.process = subprocess.Popen([os.environ["AMBROSIA_BIN"]], env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def command(self, *arguments):
        environment = {"DATABASE_URL": f"sqlite:{self.folder}/r.db", **self.settings}
        return subprocess.run([os.environ["AMBROSIA_BIN"], *arguments], env=environment, check=True, capture_output=True, text=True).stdout.strip()

    def ask(self, method, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def order(self, status=1, **fields):
        """One order, moved on to this state."""
        order = self.ask("POST", "/pedidos/checkout", {"itens": [{"produto": 1, "quantidade": 1}], **fields})
        for state in range(2, status + 1):
            self.move(order["id"], state)
        return order

    def expire_all(self):
        """No code can be paid any longer."""
        with sqlite3.connect(f"{self.folder}/r.db") as conn:
            conn.execute("UPDATE pedidos SET datahora_expiracao = '2020-01-01 00:00:00' WHERE datahora_expiracao IS NOT NULL")
            conn.execute("UPDATE cobrancas SET proxima_em = '2020-01-01 00:00:00' WHERE proxima_em IS NOT NULL")

    def database(self, query):
        """The first value that the database gives."""
        with sqlite3.connect(f"{self.folder}/r.db") as conn:
            return conn.execute(query).fetchone()[0]

    def change(self, statement):
        with sqlite3.connect(f"{self.folder}/r.db") as conn:
            conn.execute(statement)

    def move(self, id, status):
        return self.ask("PUT", "/pedidos", {"id": id, "status_pedido": status})


class Person:
    """Somebody before a screen. Playwright's page is `page`."""

    def __init__(self, browser, url, **options):
        self.context = browser.new_context(base_url=url, locale="pt-BR", **options)
        self.page = self.context.new_page()
        self.expected, self.faults = [], []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", lambda request: request.url.startswith((url, "data:")) or self.faults.append(f"left the house: {request.url}"))

    def _heard(self, message):
        if message.type in ("error", "warning") and not any(text in message.text for text in self.expected):
            self.faults.append(f"console: {message.text}")

    def expects(self, *texts):
        """Messages of the console that are meant to come, such as those of a network that is cut."""
        self.expected += texts

    def waits_until(self, expression):
        """As Playwright's `wait_for_function`, whose second look is an evaluation that the page's policy forbids."""
        deadline = time.monotonic() + 20
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, f"never: {expression}"
            self.page.wait_for_timeout(50)

    def sees_no_barrier(self):
        """axe, in light and dark."""
        for scheme in ["dark", "light"]:
            self.page.emulate_media(color_scheme=scheme)
            self._bring_axe()
            found = self.page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})")
            faults = [(v["id"], v["help"], [n["html"] for n in v["nodes"]]) for v in found["violations"]]
            assert not faults, f"{self.page.url} {scheme}: {faults}"

    def _bring_axe(self):
        # Not `add_script_tag`: the page's policy forbids it, as it should.
        session = self.context.new_cdp_session(self.page)
        session.send("Runtime.evaluate", {"expression": AXE})
        session.detach()

    def fits(self, name):
        """No width makes the page scroll sideways; and pictures of it, where `SCREENS` names a folder."""
        folder = os.environ.get("SCREENS")
        before = self.page.viewport_size
        for width in [320, *WIDTHS]:
            self.page.set_viewport_size({"width": width, "height": 900})
            assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} at {width} scrolls sideways"
            if folder and width in WIDTHS:
                self.page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        self.page.set_viewport_size(before)

    def leave(self):
        self.context.close()
        assert not self.faults, self.faults


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_restaurant(tmp_path):
    """Starts one with these settings."""
    started = []

    def begin(**settings):
        started.append(Restaurant(tmp_path, **settings))
        return started[-1]

    yield begin
    for restaurant in started:
        restaurant.kill()


@pytest.fixture
def restaurant(open_restaurant):
    """One with open doors and simulated payments, in which the orders of the example have been handed over."""
    restaurant = open_restaurant()
    for order in restaurant.ask("GET", "/pedidos"):
        restaurant.move(order["id"], 4)
    return restaurant


@pytest.fixture
def somebody(browser):
    """A person before a screen of this restaurant, with these options of Playwright's context."""
    people = []

    def come(restaurant, **options):
        people.append(Person(browser, restaurant.url, **options))
        return people[-1]

    yield come
    for person in people:
        person.leave()
