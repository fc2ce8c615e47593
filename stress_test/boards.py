#!/usr/bin/env python3
"""200 boards in the room (`/painel`), 50 orders a minute: how long from the cook's tap until each board is told.

Starts the program on a fresh SQLite file, opens as many streams as there are boards, as the page does, makes orders at an even
pace and moves each to Pronto. Counts from before the request is sent until a board has read the event; prints milliseconds.

Usage: boards.py PROGRAM, with BOARDS (200), ORDERS (100) and A_MINUTE (50)
"""

import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

BOARDS, ORDERS, A_MINUTE = (int(os.environ.get(name, default)) for name, default in [("BOARDS", 200), ("ORDERS", 100), ("A_MINUTE", 50)])
STREAM = "/pedidos/ao-vivo?lista=painel&pulso=2"
READY, OVER = 3, 4


class Board:
    """A stream, and when it was told that a number is ready."""

    def __init__(self):
        self.told = {}

    async def open(self, host, port):
        self.reader, self.writer = await asyncio.open_connection(host, port, limit=1 << 20)
        self.writer.write(f"GET {STREAM} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/event-stream\r\n\r\n".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and b"chunked" in head.lower(), head
        self.listening = asyncio.create_task(self._listen())

    async def _listen(self):
        text = b""
        while True:
            size = int(await self.reader.readline(), 16)
            text += (await self.reader.readexactly(size + 2))[:size]
            now = time.perf_counter()
            *events, text = text.split(b"\n\n")
            for event in events:
                self._hear(event, now)

    def _hear(self, event, now):
        fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if b": " in line)
        if fields.get(b"event") == b"mudanca":
            for order in json.loads(fields[b"data"])["mudaram"]:
                if order["status_pedido"] == READY:
                    self.told.setdefault(order["senha"], now)

    def close(self):
        self.listening.cancel()
        self.writer.close()


def ask(url, method, path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def move(url, order, status):
    sent = time.perf_counter()
    ask(url, "PUT", "/pedidos", {"id": order["id"], "status_pedido": status})
    return sent


async def evening(url):
    """The waits of all boards for all orders, in milliseconds."""
    boards = [Board() for _ in range(BOARDS)]
    host, port = url.removeprefix("http://").split(":")
    await asyncio.gather(*(board.open(host, int(port)) for board in boards))
    sent, shelf = {}, []
    begin = time.perf_counter()
    for n in range(ORDERS):
        await asyncio.sleep(max(0, begin + n * 60 / A_MINUTE - time.perf_counter()))
        order = await asyncio.to_thread(ask, url, "POST", "/pedidos/checkout", {"itens": [{"produto": 1, "quantidade": 1}]})
        await asyncio.to_thread(move, url, order, 2)
        sent[order["senha"]] = await asyncio.to_thread(move, url, order, READY)
        shelf.append(order)
        if len(shelf) > 10:
            await asyncio.to_thread(move, url, shelf.pop(0), OVER)
    deadline = time.perf_counter() + 60
    while not all(board.told.keys() >= sent.keys() for board in boards):
        for board in boards:
            assert not board.listening.done(), board.listening.exception()
        assert time.perf_counter() < deadline, "a board was not told"
        await asyncio.sleep(0.05)
    for board in boards:
        board.close()
    return sorted(1000 * (board.told[senha] - at) for board in boards for senha, at in sent.items())


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        settings = {"HOST": "127.0.0.1", "PORT": "0", "DATABASE_URL": f"sqlite:{folder}/r.db", "LOG_LEVEL": "warn"}
        process = subprocess.Popen([program], env=settings, stdout=subprocess.PIPE, text=True)
        try:
            waits = asyncio.run(evening(process.stdout.readline().split()[-1]))
        finally:
            process.kill()
            process.wait()
    p50, p99 = (waits[math.ceil(part * len(waits)) - 1] for part in [0.5, 0.99])
    print(f"{BOARDS} boards, {ORDERS} orders at {A_MINUTE} a minute: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {waits[-1]:.1f} ms")


main(*sys.argv[1:])
