"""The processes of Ambrosia, and the stand-in for Mercado Pago that they share."""

import http.client
import json
import os
import subprocess

from galera import free_port, start, wait_for

PAYMENTS = {"MERCADO_PAGO_TOKEN": "TESTE", "MERCADO_PAGO_POS": "CAIXA01", "MERCADO_PAGO_WEBHOOK_SECRET": "segredo",
            "MERCADO_PAGO_POLL_SECONDS": "2", "QR_SECONDS": "30", "CHECKOUTS_PER_MINUTE": "0", "WEBHOOKS_PER_SECOND": "0",
            "MAX_UNPAID_ORDERS": "0"}


def ask(port, method, path, body=None, headers={}, seconds=15):
    """Status and body of one request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Ambrosia:
    """On a port that stays the same."""

    def __init__(self, work, name, database, settings):
        self.port, self.name, self.database, self.process = free_port(), f"process {name}", database, None
        self.log = work / f"{name}.log"
        self.environment = {"HOST": "127.0.0.1", "PORT": str(self.port), "LOG_LEVEL": "warn", "POOL_SIZE": "8", "POOL_WAIT_MS": "1000",
                            "STATEMENT_TIMEOUT_MS": "4000", "ACCESS": "open",
                            "WEBHOOKS_PRIVATE": "true", **self.database, **settings}

    def start(self):
        with open(self.log, "a") as log:
            self.process = start([os.environ["AMBROSIA_BIN"]], env=self.environment, stdout=subprocess.DEVNULL, stderr=log)

    def is_ready(self):
        try:
            return ask(self.port, "GET", "/readyz")[0] == 200
        except OSError:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} has ended:\n{self.log.read_text()[-3000:]}") from None
            return False

    def wait_until_ready(self):
        wait_for(f"{self.name} is ready", self.is_ready, 60)

    def command(self, *arguments, **database):
        return subprocess.run([os.environ["AMBROSIA_BIN"], *arguments], env=database or self.database, capture_output=True, text=True)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def send(self, number):
        self.process.send_signal(number)


class Provider:
    """The stand-in of examples/mercado_pago."""

    def __init__(self, notified):
        self.port = free_port()
        environment = {"ADDRESS": f"127.0.0.1:{self.port}", "WEBHOOK": f"http://127.0.0.1:{notified}/pedidos/status_pagamento"}
        start([os.environ["STANDIN_BIN"]], env=environment, stdout=subprocess.DEVNULL)

    def pay(self, qr_data):
        """What the QR code names is paid, if that can still be."""
        return ask(self.port, "POST", f"/pagar/ORD01JQ4S4KY8HWQ6NA5PXB{qr_data.rsplit('/', 1)[1]}")[0] == 303

    def books(self):
        return json.loads(ask(self.port, "GET", "/livro", seconds=60)[1])
