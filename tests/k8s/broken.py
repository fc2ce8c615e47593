"""The load test survives a broken server: every response is a 503 without JSON, or missing, and Locust continues and counts
the failures. Arguments: locust and its file."""

import csv
import http.server
import itertools
import pathlib
import subprocess
import sys
import tempfile
import threading

turn = itertools.count()


class Broken(http.server.BaseHTTPRequestHandler):
    def answer(self):
        if next(turn) % 2:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b"<html>Service Unavailable</html>")

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (OSError, ValueError):
            pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken)
threading.Thread(target=server.serve_forever, daemon=True).start()
with tempfile.TemporaryDirectory() as folder:
    command = [sys.argv[1], "-f", sys.argv[2], "--headless", "--only-summary", "-u", "10", "-r", "10", "-t", "4s",
               "--exit-code-on-error", "0", "--host", f"http://127.0.0.1:{server.server_port}", "--csv", f"{folder}/broken"]
    environment = {"AMBROSIA": f"http://127.0.0.1:{server.server_port}", "PATH": "/usr/bin:/bin"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    exceptions = list(csv.DictReader(pathlib.Path(folder, "broken_exceptions.csv").open()))
    failures = list(csv.DictReader(pathlib.Path(folder, "broken_failures.csv").open()))
assert not exceptions, exceptions[0]["Traceback"]
assert {"GET", "POST"} >= {f["Method"] for f in failures} and len(failures) >= 5, failures
print(f"locust counted {sum(int(f['Occurrences']) for f in failures)} failures, and no exception of its own")
