"""People who work in a locked restaurant, and their terminals."""

import time
import urllib.error


class Crew:
    """A manager's key, which closes the doors; with it people are hired and terminals made."""

    def __init__(self, restaurant):
        self.restaurant = restaurant
        self.key = restaurant.command("chave", "criar", "gerente", "Chave")
        # The process learns of it within a second, and a slow one later.
        deadline = time.monotonic() + 60
        while self.doors_are_open():
            assert time.monotonic() < deadline, "the doors do not close"
            time.sleep(0.02)

    def doors_are_open(self):
        try:
            self.restaurant.ask("GET", "/clientes")
            return True
        except urllib.error.HTTPError as refused:
            assert refused.code == 401, refused
            return False

    def manage(self, method, path, body=None):
        return self.restaurant.ask(method, path, body, Authorization=f"Bearer {self.key}")

    def hire(self, name, role, pin, password=None):
        body = {"nome": name, "papel": role, "pin": pin, **({"senha": password} if password else {})}
        return self.manage("POST", "/funcionarios", body)["id"]

    def code(self, role):
        """The one-time code of a new terminal."""
        return self.manage("POST", "/terminais", {"nome": f"Terminal {role}", "papel": role})["codigo"]

    def move(self, id, status):
        return self.manage("PUT", "/pedidos", {"id": id, "status_pedido": status})


def enrol(page, code):
    """Makes the device of this page a terminal, as people do it."""
    page.goto("/entrar")
    page.get_by_label("Código do aparelho").fill(code)
    page.get_by_role("button", name="Inscrever este aparelho").click()
    page.get_by_text("Quem é você?").wait_for()


def enter(page, name, pin):
    """Somebody chooses the own name on an enrolled terminal, and types the PIN."""
    page.get_by_role("radio", name=name).check()
    page.get_by_label("PIN", exact=True).fill(pin)
    page.get_by_role("button", name="Entrar", exact=True).click()
