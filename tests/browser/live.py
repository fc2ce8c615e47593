"""EventSource in Chromium: it comes back by itself when the process dies, is replaced or ends, says what it has seen last
(Last-Event-ID), and is told every event once and in order; and an order whose end was seen is not asked for again.

Usage: live.py PROGRAM DATABASE-URL
"""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

from chromium import Chromium, Page

LISTEN = """(() => {
  window.seen = [];
  window.source = new EventSource('/eventos?pulso=1');
  for (const tipo of ['recebido', 'movimento', 'pagamento', 'cliente', 'cancelamento', 'qr'])
    source.addEventListener(tipo, e => seen.push(parseInt(e.lastEventId)));
  return new Promise(done => source.addEventListener('pulso', () => done(true), {once: true}));
})()"""

WATCH = """(() => {
  window.states = []; window.ended = 0;
  window.order = new EventSource('/pedidos/ID/ao-vivo');
  order.addEventListener('pedido', e => states.push(JSON.parse(e.data).status_pedido));
  order.addEventListener('fim', () => ended++);
})()"""


class Restaurant:
    """A process that is started again on the same port and file."""

    def __init__(self, program, database):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.program, self.database, self.url = program, database, f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        settings = {"HOST": "127.0.0.1", "PORT": str(self.port), "DATABASE_URL": self.database, "LOG_LEVEL": "warn"}
        self.process = subprocess.Popen([self.program], env=settings, stdout=subprocess.PIPE, text=True)
        assert "listening" in self.process.stdout.readline()

    def end(self, how):
        os.kill(self.process.pid, how)
        self.process.wait()

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, method=method)) as answer:
            return json.load(answer)

    def order(self, status=1):
        order = self.ask("POST", "/pedidos/checkout", {"itens": [{"produto": 1, "quantidade": 1}]})
        for state in range(2, status + 1):
            self.ask("PUT", "/pedidos", {"id": order["id"], "status_pedido": state})
        return order["id"]

    def last(self, order):
        return self.ask("GET", f"/pedidos/{order}/eventos")[-1]["sequencia"]


def main(program, database):
    restaurant, browser = Restaurant(program, database), Chromium()
    try:
        page = Page(browser)
        page.open(restaurant.url + "/livez")
        first = restaurant.last(restaurant.order()) + 1
        page.run(LISTEN)
        watched = restaurant.order()
        page.run(WATCH.replace("ID", str(watched)))
        page.wait("the order is shown", lambda: page.run("states.length") == 1)
        for how in [signal.SIGKILL, signal.SIGTERM, signal.SIGKILL]:
            for _ in range(5):
                restaurant.order(status=3)
            restaurant.end(how)
            restaurant.start()
            last = restaurant.last(restaurant.order(status=2))
            page.wait("all is told", lambda: page.run("seen.at(-1)") == last)
        seen = page.run("seen")
        assert seen == list(range(first, last + 1)), seen
        for state in [2, 3, 4]:
            restaurant.ask("PUT", "/pedidos", {"id": watched, "status_pedido": state})
        page.wait("the order is over", lambda: page.run("order.readyState") == 2)
        assert page.run("states.at(-1)") == 4 and page.run("ended") == 1, page.run("states")
        # It came back once, and was told to stay away.
        assert 204 in page.statuses(f"{restaurant.url}/pedidos/{watched}/ao-vivo")
        print(f"browser: {len(seen)} events, each told once")
    finally:
        browser.close()
        restaurant.end(signal.SIGKILL)


main(*sys.argv[1:])
