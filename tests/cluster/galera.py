"""Three MariaDB nodes with Galera on this machine, which can be killed, stopped, cut off, and brought back."""

import atexit
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pymysql

SYNCED = "SELECT variable_value FROM information_schema.global_status WHERE variable_name IN ('wsrep_local_state_comment', 'wsrep_ready')"
PROVIDER = "/usr/lib/galera/libgalera_smm.so"


STARTED = []


@atexit.register
def end_all():
    """However this program ends, nothing of it goes on."""
    for process in STARTED:
        process.kill()
        process.wait()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def start(command, **how):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **how)
    STARTED.append(process)
    return process


def free_port():
    """Below the ephemeral ports: a connection that happens to have it would keep a restart away."""
    while True:
        port = 10_000 + int.from_bytes(os.urandom(2)) % 20_000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_for(what, done, seconds):
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds} s still not: {what}")
        time.sleep(0.05)


class Node:
    def __init__(self, folder, number):
        self.folder, self.name, self.process, self.log = folder, f"node {number}", None, folder.with_suffix(".err")
        self.port, self.group, self.state, self.transfer = (free_port() for _ in range(4))
        # Whether it should be able to serve: the test knows, whatever the node says.
        self.well = True

    def start(self, peers, first=False):
        folder = self.folder
        # Which is how the user `mysql` may write there.
        user = ["--user=mysql"] if os.geteuid() == 0 else []
        group = ",".join(f"127.0.0.1:{peer.group}" for peer in peers)
        provider = ";".join([f"gmcast.listen_addr=tcp://127.0.0.1:{self.group}", f"ist.recv_addr=127.0.0.1:{self.state}", "gcache.size=64M",
                             *filter(None, [os.environ.get("GALERA")])])
        options = [
            f"--datadir={folder}/data", f"--tmpdir={folder}", f"--port={self.port}", f"--socket={folder}/sock",
            f"--pid-file={folder}/pid", "--bind-address=127.0.0.1", "--skip-name-resolve", "--max-connections=300",
            "--innodb-buffer-pool-size=128M", "--innodb-log-file-size=32M", "--innodb-flush-log-at-trx-commit=2",
            "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-on=ON", f"--wsrep-provider={PROVIDER}",
            "--wsrep-cluster-name=ambrosia", f"--wsrep-cluster-address=gcomm://{group}", f"--wsrep-node-name={self.name}",
            "--wsrep-node-address=127.0.0.1", f"--wsrep-provider-options={provider}", "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{self.transfer}", *(["--wsrep-new-cluster"] if first else []),
        ]
        with open(self.log, "a") as log:
            self.process = start(["/usr/sbin/mariadbd", "--no-defaults", *user, *options], stdout=log, stderr=log)

    def connect(self, database=None):
        return pymysql.connect(database=database, unix_socket=f"{self.folder}/sock", user="root", autocommit=True, connect_timeout=2, read_timeout=20)

    def sql(self, text, database=None):
        with self.connect(database) as connection, connection.cursor() as cursor:
            # What another node has acknowledged is seen.
            cursor.execute("SET SESSION wsrep_sync_wait = 1")
            cursor.execute(text)
            return cursor.fetchall()

    def is_synced(self):
        try:
            with self.connect() as connection, connection.cursor() as cursor:
                cursor.execute(SYNCED)
                return {row[0] for row in cursor.fetchall()} == {"Synced", "ON"}
        except pymysql.Error:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} has ended:\n" + self.log.read_text()[-3000:]) from None
            return False

    def wait_until_synced(self):
        wait_for(f"{self.name} is synced", self.is_synced, 90)
        self.well = True

    def end_connections(self):
        """Of Ambrosia, all that there are."""
        try:
            with self.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT id FROM information_schema.processlist WHERE user = 'ambrosia'")
                for (number,) in cursor.fetchall():
                    try:
                        cursor.execute(f"KILL CONNECTION {number}")
                    except pymysql.Error:
                        pass  # It ended by itself.
        except pymysql.Error:
            pass  # The node is in no state to be asked.

    def kill(self):
        self.well = False
        self.process.kill()
        self.process.wait()

    def send(self, number):
        self.process.send_signal(number)

    def isolate(self, on):
        """Cut off from the other nodes, and from nobody else."""
        self.sql(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={int(on)}'")


class Cluster:
    def __init__(self, work):
        template = work / "template"
        subprocess.run(["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db",
                        f"--datadir={template}", f"--tmpdir={work}", "--innodb-log-file-size=32M"], check=True, stdout=subprocess.DEVNULL)
        self.nodes = []
        for number in range(3):
            folder = pathlib.Path(work / f"node{number}")
            folder.mkdir()
            subprocess.run(["cp", "-r", template, folder / "data"], check=True)
            if os.geteuid() == 0:
                subprocess.run(["chown", "-R", "mysql:mysql", folder], check=True)
            self.nodes.append(Node(folder, number))
        self.nodes[0].start(self.nodes, first=True)
        self.nodes[0].wait_until_synced()
        self.nodes[0].sql("CREATE USER ambrosia@'%' IDENTIFIED BY 'segredo'")
        for node in self.nodes[1:]:
            node.start(self.nodes)
            node.wait_until_synced()


class Killer(threading.Thread):
    """Ends Ambrosia's connections on one node after another, again and again."""

    def __init__(self, nodes, random, stopped):
        super().__init__(daemon=True)
        self.nodes, self.random, self.stopped, self.times = nodes, random, stopped, 0

    def run(self):
        while not self.stopped.wait(self.random.uniform(0.05, 0.3)):
            node = self.random.choice(self.nodes)
            if node.well:
                node.end_connections()
                self.times += 1
