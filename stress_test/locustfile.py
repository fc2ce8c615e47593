"""A restaurant at lunch: screens that read, customers who order and pay, staff who move orders along.

locust -f locustfile.py                                  with its page on http://localhost:8089
locust -f locustfile.py --headless -u 50 -r 10 -t 1m     without
"""

import os
import random
import uuid

from locust import HttpUser, between, task

HOST = os.environ.get("AMBROSIA", "http://localhost:31000")
RECEBIDO, EM_PREPARACAO, PRONTO, FINALIZADO = 1, 2, 3, 4


class Tela(HttpUser):
    """The reads of the original's test: menu, customers, kitchen list."""

    host = HOST
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


class Cliente(HttpUser):
    """Looks at the menu, orders, pays, and watches the order until it is called."""

    host = HOST
    weight = 3
    wait_time = between(1, 4)

    @task
    def comprar(self):
        cardapio = [self.client.get(f"/{c}/").json() for c in ("lanches", "acompanhamentos", "bebidas", "sobremesas")]
        escolhidos = [random.choice(produtos) for produtos in cardapio if produtos and random.random() < 0.7]
        if not escolhidos:
            return
        itens = [{"produto": p["id"], "quantidade": random.randint(1, 3)} for p in escolhidos]
        chave = {"Idempotency-Key": str(uuid.uuid4())}
        resposta = self.client.post("/pedidos/checkout/", json={"itens": itens}, headers=chave)
        if resposta.status_code != 200:
            return
        pedido = resposta.json()
        # The simulator's notification. With Mercado Pago set up nobody pays here, and orders stay unpaid.
        if pedido["datahora_expiracao"] is None and random.random() < 0.9:
            aviso = {"id": pedido["id_pagamento"], "type": "payment", "action": "state_FINISHED"}
            self.client.post("/pedidos/status_pagamento/", json=aviso)
        for _ in range(random.randint(1, 5)):
            self.client.get(f"/pedidos/{pedido['id']}/status_pagamento/", name="/pedidos/{id}/status_pagamento/")
            self.client.get(f"/pedidos/{pedido['id']}", name="/pedidos/{id}")


class Equipe(HttpUser):
    """Takes the oldest order of the list one step further."""

    host = HOST
    weight = 1
    wait_time = between(0.2, 1)

    @task
    def avancar(self):
        pedidos = self.client.get("/pedidos/").json()
        if not pedidos:
            return
        pedido = pedidos[0] if random.random() < 0.5 else random.choice(pedidos)
        passo = {"id": pedido["id"], "status_pedido": pedido["status_pedido"] + 1}
        cabecalho = {"If-Match": f'"{pedido["versao"]}"'}
        with self.client.put("/pedidos/", json=passo, headers=cabecalho, catch_response=True) as resposta:
            # Somebody else was faster: that is how it must be.
            if resposta.status_code in (409, 412):
                resposta.success()
