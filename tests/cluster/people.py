"""Those who use the restaurant through all of its processes, and note what they were told. Each order has a token in the
notes of each of its lines: so it shows whose lines an order holds."""

import collections
import http.client
import itertools
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Notes:
    """What was acknowledged, and what was wrong with it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.orders = {}  # token: id
        self.versions = collections.defaultdict(int)  # id: the highest that was acknowledged
        self.wrong = collections.defaultdict(list)
        self.counts = collections.Counter()
        self.checkouts = []  # when each was acknowledged

    def find(self, kind, what):
        with self.lock:
            self.wrong[kind].append(what)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def acknowledged(self, order, token=None):
        with self.lock:
            if token:
                self.orders[token] = order["id"]
                self.checkouts.append(time.monotonic())
            self.versions[order["id"]] = max(self.versions[order["id"]], order["versao"])


class Person(threading.Thread):
    """Has a connection to each process, and a mind of its own that follows from the seed."""

    def __init__(self, world, number):
        super().__init__(daemon=True)
        self.world, self.number, self.notes = world, number, world.notes
        self.random = random.Random(f"{world.seed}/{type(self).__name__}/{number}")
        self.connections = {}
        self.avoided = {}  # by port, until when: as by a load balancer

    def run(self):
        for turn in itertools.count():
            if self.world.stopped.is_set():
                return
            self.live(turn)

    def ask(self, process, method, path, body=None, headers={}):
        """Status and JSON; no status where there is no answer, and so nobody knows what happened."""
        try:
            connection = self.connections.setdefault(process.port, http.client.HTTPConnection("127.0.0.1", process.port, timeout=15))
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connections.pop(process.port).close()
            self.notes.count("no answer")
            self.avoided[process.port] = time.monotonic() + 2
            return None, None
        self.notes.count(answer.status)
        if answer.status == 503:
            self.avoided[process.port] = time.monotonic() + 2
        if answer.status == 500:
            self.notes.find("answered 500", f"{method} {path}")
        return answer.status, json.loads(text) if text else None

    def somebody(self, but=None):
        others = [process for process in self.world.processes if process is not but]
        well = [process for process in others if self.avoided.get(process.port, 0) < time.monotonic()]
        return self.random.choice(well or others)

    def insist(self, method, path, body, headers={}, again=(409, 503)):
        """Asks one process after another until there is an answer; `None` where there was none in time."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not self.world.stopped.is_set():
            status, answer = self.ask(self.somebody(), method, path, body, headers)
            if status == 200:
                return answer
            if status is not None and status not in again and status < 500:
                return None
            time.sleep(0.02)
        return None

    def change(self, order, method, path, body, headers={}):
        """A change of an order, which may be refused."""
        process = self.somebody()
        status, changed = self.ask(process, method, path, body, headers)
        if status == 200:
            self.notes.acknowledged(changed)
            self.look(changed, process)

    def look(self, order, process):
        """What one process has acknowledged another one knows."""
        other = self.somebody(but=process)
        status, seen = self.ask(other, "GET", f"/pedidos/{order['id']}")
        if status == 404 or status == 200 and seen["versao"] < order["versao"]:
            self.notes.find("not seen on another node", f"order {order['id']}, version {order['versao']}: {status}")
        if status == 200:
            self.notes.count("fresh reads checked")


class Hurried(Person):
    """Orders, and orders again. One connection is enough for each process."""

    def live(self, turn):
        order, process = self.order(turn)
        if order and turn % 4 == 0:
            self.look(order, process)

    def order(self, turn):
        """The order, and the process that has acknowledged it, where one try was enough."""
        token = f"token-{self.world.seed}-{self.number}-{turn}"
        lines = [{"produto": self.random.randint(1, 12), "quantidade": 1, "descricao": token} for _ in range(2)]
        process = self.somebody()
        status, order = self.ask(process, "POST", "/pedidos/checkout", {"itens": lines}, {"Idempotency-Key": token})
        if status != 200:
            process = None
            order = self.insist("POST", "/pedidos/checkout", {"itens": lines}, {"Idempotency-Key": token})
        if order:
            self.notes.acknowledged(order, token)
        return order, process


class Customer(Hurried):
    """Looks at the order from elsewhere, and then pays, goes, or both."""

    def live(self, turn):
        order, process = self.order(turn)
        if order:
            self.look(order, process)
            self.go_on(order)
        time.sleep(self.random.uniform(0, 0.05))

    def go_on(self, order):
        path = f"/pedidos/{order['id']}"
        way = self.random.random()
        if way < 0.3:
            self.pay(order)
        if 0.2 < way < 0.4:
            self.change(order, "POST", f"{path}/cancelamento", {"motivo": "desistiu"})
        elif 0.4 < way < 0.85:
            self.change(order, "POST", f"{path}/pagamento", {"meio": "dinheiro", "responsavel": "Ana"})

    def pay(self, order):
        code = order["qr_data"]
        if code and self.world.provider.pay(code):
            self.notes.count("paid by QR code")


class Cook(Person):
    def live(self, turn):
        status, orders = self.ask(self.somebody(), "GET", "/pedidos?limite=40")
        for order in self.random.sample(orders, min(8, len(orders))) if status == 200 else []:
            to = {"id": order["id"], "status_pedido": order["status_pedido"] + 1}
            self.change(order, "PUT", "/pedidos", to, {"If-Match": f'"{order["versao"]}"'})
        time.sleep(0.05)


class Listener(Person):
    """Hears every event once and in order, whatever becomes of the process that tells it."""

    cursor = "0"

    def run(self):
        while True:
            self.live(0)

    def live(self, turn):
        process = self.somebody()
        connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=5)
        try:
            connection.request("GET", "/eventos?pulso=1", headers={"Last-Event-ID": self.cursor})
            answer = connection.getresponse()
            kind = None
            while line := answer.readline().decode():
                name, _, value = line.strip().partition(": ")
                if name == "event":
                    kind = value
                elif name == "id":
                    self.hear(value)
            if kind == "recomeço":
                self.notes.find("the stream began anew", f"{process.name} at {self.cursor}")
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()

    def hear(self, cursor):
        last, place = int(self.cursor.split("-")[0]), int(cursor.split("-")[0])
        # A pulse says again where one is.
        if place not in (last, last + 1) and last > 0:
            self.notes.find("the stream left out or repeated events", f"{cursor} behind {self.cursor}")
        self.cursor = cursor


class Receiver:
    """Takes webhooks, and refuses some the first time."""

    def __init__(self, port, seed):
        self.received, refused, chance = set(), set(), random.Random(seed)
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                number = self.headers["webhook-id"]
                refuses = number not in refused and chance.random() < 0.05
                if refuses:
                    refused.add(number)
                else:
                    received.add((event["type"], event["data"]["pedido"]))
                self.send_response(503 if refuses else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
