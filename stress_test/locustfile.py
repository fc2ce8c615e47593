"""A restaurant at lunch: screens that read, customers who order and pay, staff who move orders along.

locust -f locustfile.py                                  with its page on http://localhost:8089
locust -f locustfile.py --headless -u 50 -r 10 -t 1m     without
"""

import os
import random
import uuid

from locust import HttpUser, between, task

HOST = os.environ.get("AMBROSIA", "http://localhost:31000")
# A manager's key, where the doors are closed.
CHAVE = os.environ.get("AMBROSIA_CHAVE")


def lido(resposta):
    """What was answered, or None: a request that fails is counted by Locust, and its user goes on."""
    if resposta.status_code != 200:
        return None
    try:
        return resposta.json()
    except ValueError:
        return None


class Usuario(HttpUser):
    """Whoever uses the restaurant."""

    abstract = True
    host = HOST

    def on_start(self):
        if CHAVE:
            self.client.headers["Authorization"] = f"Bearer {CHAVE}"


class Tela(Usuario):
    """The reads of the original's test: menu, customers, kitchen list."""

    weight = 6
    wait_time = between(0.5, 2)

    @task(3)
    def produtos(self):
        self.client.get("/produtos/")

    @task(1)
    def clientes(self):
        self.client.get("/clientes/")

    @task(3)
    def pedidos(self):
        self.client.get("/pedidos/")


class Cliente(Usuario):
    """Looks at the menu, orders, pays, and watches the order until it is called."""

    weight = 3
    wait_time = between(1, 4)
    simulado = True

    @task
    def comprar(self):
        cardapio = [lido(self.client.get(f"/{c}/")) for c in ("lanches", "acompanhamentos", "bebidas", "sobremesas")]
        escolhidos = [random.choice(produtos) for produtos in cardapio if produtos and random.random() < 0.7]
        if not escolhidos:
            return
        itens = [{"produto": p["id"], "quantidade": random.randint(1, 3)} for p in escolhidos]
        chave = {"Idempotency-Key": str(uuid.uuid4())}
        pedido = lido(self.client.post("/pedidos/checkout/", json={"itens": itens}, headers=chave))
        if not pedido:
            return
        if Cliente.simulado and random.random() < 0.9:
            self.pagar(pedido)
        for _ in range(random.randint(1, 5)):
            self.client.get(f"/pedidos/{pedido['id']}/status_pagamento/", name="/pedidos/{id}/status_pagamento/")
            self.client.get(f"/pedidos/{pedido['id']}", name="/pedidos/{id}")

    def pagar(self, pedido):
        """The simulator's notification. With Mercado Pago set up it is refused: then nobody pays here."""
        aviso = {"id": pedido["id_pagamento"], "type": "payment", "action": "state_FINISHED"}
        with self.client.post("/pedidos/status_pagamento/", json=aviso, catch_response=True) as resposta:
            if 400 <= resposta.status_code < 429:
                Cliente.simulado = False
                resposta.success()


class Equipe(Usuario):
    """Takes half of the open orders one step further, so that however many customers there are the list stays short."""

    weight = 1
    wait_time = between(0.2, 1)

    @task
    def avancar(self):
        pedidos = lido(self.client.get("/pedidos/")) or []
        for pedido in random.sample(pedidos, (len(pedidos) + 1) // 2):
            passo = {"id": pedido["id"], "status_pedido": pedido["status_pedido"] + 1}
            cabecalho = {"If-Match": f'"{pedido["versao"]}"'}
            with self.client.put("/pedidos/", json=passo, headers=cabecalho, catch_response=True) as resposta:
                # Somebody else was faster: that is how it must be.
                if resposta.status_code in (404, 409, 412):
                    resposta.success()
                elif resposta.status_code != 200:
                    return
