"""What must hold when all is quiet again."""

import collections
import hashlib
import time
from decimal import Decimal

import pymysql

from galera import wait_for

PAST = "'2020-01-01 00:00:00'"


def settle(world):
    """Every charge comes to its end; what may be waited for is made due at once. Orders are left alone."""
    def sql(text):
        return world.cluster.nodes[0].sql(text, world.database)

    def is_over():
        try:
            sql(f"UPDATE cobrancas SET incerta_ate = {PAST}, proxima_em = {PAST} WHERE incerta_ate > UTC_TIMESTAMP() + INTERVAL 3 SECOND")
            (due,), = sql("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL")
        except pymysql.Error:
            return False
        return due == 0 and all(order["status"] != "created" for order in world.provider.books())

    wait_for("all charges are settled", is_over, 150)


def check(world):
    find = world.notes.find
    for node in world.cluster.nodes:
        check_log(world, node, find)
    check_orders(world, find)
    if world.provider:
        check_money(world, find)
    check_told(world, find)


def check_log(world, node, find):
    # Clocks and workers go on and add to it.
    world.last = world.last or node.sql("SELECT MAX(sequencia) FROM eventos", world.database)[0][0]
    events = node.sql(f"SELECT sequencia, pedido, tipo, de, para FROM eventos WHERE sequencia <= {world.last} ORDER BY sequencia", world.database)
    if [event[0] for event in events] != list(range(1, world.last + 1)):
        find("the log has a hole", node.name)
    fingerprint = hashlib.sha256(repr(events).encode()).hexdigest()
    world.fingerprint = world.fingerprint or fingerprint
    if world.fingerprint != fingerprint:
        find("the log differs between nodes", node.name)
    twice = "SELECT dia, senha, COUNT(*) FROM pedidos WHERE dia IS NOT NULL GROUP BY dia, senha HAVING COUNT(*) > 1"
    for dia, senha, times in node.sql(twice, world.database):
        find("a senha twice in a day", f"{node.name}: {dia} {senha} {times} times")
    done = world.processes[0].command("conferir", **world.reached([node]))
    if done.returncode != 0:
        find("the check of log and replay", f"{node.name}: {done.stderr.strip()[:400]}")
    elif node is world.cluster.nodes[0]:
        print(done.stdout.strip())


def check_orders(world, find):
    """Every acknowledged order is there once; what was not acknowledged is there whole, or not at all; and no order holds
    the lines of two."""
    lines = collections.defaultdict(collections.Counter)
    for pedido, token in world.cluster.nodes[-1].sql("SELECT pedido, descricao FROM itens WHERE descricao LIKE 'token-%'", world.database):
        lines[pedido][token] += 1
    orders = collections.defaultdict(list)
    for pedido, tokens in lines.items():
        if len(tokens) > 1:
            find("an order with the lines of two customers", f"order {pedido}: {dict(tokens)}")
        for token, count in tokens.items():
            orders[token].append(pedido)
            if count != 2:
                find("an order with some of its lines", f"order {pedido}: {token} {count} times")
    for token, pedidos in orders.items():
        if len(pedidos) > 1:
            find("one checkout, several orders", f"{token}: {pedidos}")
    told = {pedido for (pedido,) in world.cluster.nodes[-1].sql("SELECT pedido FROM eventos WHERE tipo = 'recebido'", world.database)}
    for token, pedido in world.notes.orders.items():
        if pedido not in told:
            find("an acknowledged order is not in the log", f"{token}, order {pedido}")
        if pedido not in orders[token]:
            find("an acknowledged order is lost", f"{token}, order {pedido}: {orders[token]}")
    versions = dict(world.cluster.nodes[-1].sql("SELECT id, versao FROM pedidos", world.database))
    for pedido, versao in world.notes.versions.items():
        if versions.get(pedido, 0) < versao:
            find("an acknowledged change is lost", f"order {pedido}: version {versao}, and there is {versions.get(pedido)}")


def check_money(world, find):
    """What came in by QR code is the same in both books."""
    theirs = collections.Counter()
    for order in world.provider.books():
        paid = order["centavos"] - order["refunded"] if order["status"] in ("processed", "refunded") else 0
        theirs[order["reference"]] += paid
    rows = world.cluster.nodes[1].sql(
        "SELECT p.id, id_pagamento, status_pagamento, meio_pagamento, valor_reembolsado, (SELECT SUM(quantidade * valor) FROM itens i "
        "WHERE i.pedido = p.id) FROM pedidos p WHERE id_pagamento IS NOT NULL", world.database)
    for pedido, reference, status, meio, refunded, total in rows:
        ours = (total or 0) - refunded if meio == "qr" and status == 2 else Decimal(0)
        if ours * 100 != theirs.pop(reference, 0):
            find("the books differ", f"order {pedido}: {ours} here")
    for reference, centavos in theirs.items():
        find("a charge without an order", f"{reference}: {centavos}")


def check_told(world, find):
    """The listener and the receiver of webhooks come to know all of it, however long: only they have to go on."""
    before, since = None, time.monotonic()
    while time.monotonic() < since + 60:
        told = {pedido for kind, pedido in world.receiver.received.copy() if kind == "pedido.recebido"}
        missing, place = set(world.notes.orders.values()) - told, int(world.listener.cursor.split("-")[0])
        if not missing and place >= world.last:
            return
        if (len(missing), place) != before:
            before, since = (len(missing), place), time.monotonic()
        time.sleep(0.2)
    for pedido in sorted(missing):
        find("no webhook of an acknowledged order", f"order {pedido}")
    if place < world.last:
        find("the stream stopped", f"at {place}, and the log ends at {world.last}")
