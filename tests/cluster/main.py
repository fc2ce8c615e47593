"""Restaurants on three Galera nodes, all of which are written to, while connections are ended and nodes and processes are
killed, stopped and cut off. The seed decides what happens, in which order; the machine decides when."""

import itertools
import os
import pathlib
import random
import signal
import statistics
import sys
import threading
import time

from check import check, settle
from galera import Cluster, Killer, free_port, wait_for
from house import PAYMENTS, Ambrosia, Provider, ask
from people import Cook, Customer, Hurried, Listener, Notes, Receiver

CUSTOMERS = 20
COOKS = 2
# Who order without end, where nothing but connections dies: so that many transactions meet.
HURRIED = 40


class World:
    """A restaurant with a database of its own: three processes, each on its node."""

    def __init__(self, cluster, work, seed, database, begun, payments=False, listed=False):
        self.cluster, self.seed, self.database, self.begun = cluster, seed, database, begun
        self.notes, self.stopped, self.last, self.fingerprint = Notes(), threading.Event(), None, None
        cluster.nodes[0].sql(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
        cluster.nodes[0].sql(f"GRANT ALL ON {database}.* TO ambrosia@'%'")
        port = free_port()
        self.provider = Provider(port) if payments else None
        settings = PAYMENTS | {"MERCADO_PAGO_URL": f"http://127.0.0.1:{self.provider.port}"} if payments else {}
        self.processes = [Ambrosia(work, f"{database}-{number}", self.reached([node] if not listed else cluster.nodes), settings)
                          for number, node in enumerate(cluster.nodes)]
        # Which is where notifications come in.
        self.processes[0].environment["PORT"], self.processes[0].port = str(port), port
        # Together, and one of them makes the tables.
        for process in self.processes:
            process.start()
        for process in self.processes:
            process.wait_until_ready()
        self.receiver, self.listener = Receiver(self.subscribe(), seed), Listener(self, 0)
        self.tell(f"{database}: three processes are ready")

    def reached(self, nodes):
        hosts = {"MYSQL_HOST": ",".join(f"127.0.0.1:{node.port}" for node in nodes)}
        if len(nodes) == 1:
            hosts = {"MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": str(nodes[0].port)}
        return hosts | {"MYSQL_DATABASE": self.database, "MYSQL_USER": "ambrosia", "MYSQL_PASS": "segredo"}

    def subscribe(self):
        """The port to which webhooks go."""
        port, process = free_port(), self.processes[0]
        key = process.command("chave", "criar", "gerente", "cluster").stdout.strip()
        status, answer = ask(process.port, "POST", "/assinaturas", {"url": f"http://127.0.0.1:{port}/"}, {"Authorization": f"Bearer {key}"})
        assert status == 200, answer
        return port

    def tell(self, text):
        print(f"{time.monotonic() - self.begun:6.1f} s  {text}", flush=True)


def kill_node(world, node, pause):
    node.kill()
    time.sleep(pause)
    node.start(world.cluster.nodes)
    node.wait_until_synced()


def stop_node(world, node, pause):
    node.well = False
    node.send(signal.SIGSTOP)
    time.sleep(pause)
    node.send(signal.SIGCONT)
    node.wait_until_synced()


def cut_off_node(world, node, pause):
    node.isolate(True)
    time.sleep(pause)
    node.isolate(False)
    node.wait_until_synced()


def kill_process(world, process, pause):
    process.kill()
    time.sleep(pause / 4)
    process.start()
    process.wait_until_ready()


def stop_process(world, process, pause):
    process.send(signal.SIGSTOP)
    time.sleep(pause)
    process.send(signal.SIGCONT)


NODE, PROCESS = "nodes", "processes"
FAULTS = [("kill -9", kill_node, NODE), ("SIGSTOP", stop_node, NODE), ("cut-off", cut_off_node, NODE),
          ("kill -9", kill_process, PROCESS), ("SIGSTOP", stop_process, PROCESS)]


def storm(world, seconds):
    """One fault after another, each healed before the next; every kind comes, before one comes again."""
    chance, deadline = random.Random(world.seed), time.monotonic() + seconds
    while True:
        for name, act, whose in chance.sample(FAULTS, len(FAULTS)):
            if time.monotonic() > deadline:
                return
            victim = chance.choice(world.cluster.nodes if whose == NODE else world.processes)
            pause = chance.uniform(2, 9)
            world.tell(f"{name} of {victim.name} for {pause:.1f} s")
            act(world, victim, pause)
            time.sleep(chance.uniform(0, 2))


def hurry(cluster, work, seed, seconds, begun):
    """All nodes are written to, and the only trouble is that connections end."""
    world = World(cluster, work, seed, "pressa", begun)
    live(world, [Hurried(world, n) for n in range(HURRIED)], lambda: time.sleep(seconds))
    for process in world.processes:
        process.kill()
    return report(world)


def fall(cluster, work, seed, seconds, begun):
    """Everybody uses the restaurant, and everything dies."""
    world = World(cluster, work, seed, "quedas", begun, payments=True)
    people = [*(Customer(world, n) for n in range(CUSTOMERS)), *(Cook(world, n) for n in range(COOKS))]
    live(world, people, lambda: storm(world, seconds))
    return report(world)


def measure(cluster, work, seed, seconds, begun):
    """All processes have the list of nodes in one order. Ten times the first dies: how long is no order taken?"""
    world = World(cluster, work, seed, "medida", begun, listed=True)
    gaps, first = [], cluster.nodes[0]

    def is_back():
        (count,), = first.sql("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'ambrosia' AND time < 2")
        return count >= 3

    def ten_deaths():
        for turn in range(10):
            wait_for("all write to the first node again", is_back, 120)
            time.sleep(3)
            died = time.monotonic()
            first.kill()
            time.sleep(20)
            times = [died, *(t for t in world.notes.checkouts if t > died), time.monotonic()]
            gaps.append(max(b - a for a, b in itertools.pairwise(times)))
            world.tell(f"death {turn + 1}: {gaps[-1]:.1f} s without an order")
            first.start(cluster.nodes)
            first.wait_until_synced()

    live(world, [Hurried(world, n) for n in range(8)], ten_deaths, connections_end=False)
    print(f"longest {max(gaps):.1f} s, median {statistics.median(gaps):.1f} s")
    return report(world)


PARTS = {"hurry": (hurry, 20), "fall": (fall, 40), "measure": (measure, 0)}


def live(world, people, during, connections_end=True):
    killer = Killer(world.cluster.nodes, random.Random(f"{world.seed}/killer"), world.stopped)
    for person in [*people, world.listener, *([killer] if connections_end else [])]:
        person.start()
    during()
    world.stopped.set()
    for person in people:
        person.join(90)
        assert not person.is_alive(), f"{person} hangs"
    world.notes.counts["connections of a node ended"] = killer.times
    world.tell(f"{len(world.notes.orders)} orders are acknowledged; all is well again")
    if world.provider:
        settle(world)
        world.tell("all charges are settled")
    check(world)


def report(world):
    counts = ", ".join(f"{what}: {count}" for what, count in sorted(world.notes.counts.items(), key=str))
    world.tell(f"{world.database}: {len(world.notes.orders)} orders; {counts}")
    for kind, found in sorted(world.notes.wrong.items()):
        print(f"WRONG: {kind}: {len(found)} times, such as {found[:3]}")
    return not world.notes.wrong


def main(work, seed, minutes, parts):
    print(f"SEED={seed}", flush=True)
    begun = time.monotonic()
    cluster = Cluster(work)
    well = [act(cluster, work, seed, seconds * minutes, begun) for act, seconds in (PARTS[part] for part in parts)]
    print(f"SEED={seed}: " + ("nothing is lost, doubled or mixed" if all(well) else "WRONG"))
    return 0 if all(well) else 1


if __name__ == "__main__":
    seed = int(os.environ.get("SEED") or int.from_bytes(os.urandom(3)))
    sys.exit(main(pathlib.Path(sys.argv[1]), seed, float(os.environ.get("MINUTES") or 2), sys.argv[2:] or ["hurry", "fall"]))
