"""Serves a page from another origin, opens it in Chromium, and checks which calls of the page succeed.

Usage: check.py URL-OF-AN-OPEN-SERVER URL-OF-ONE-THAT-LISTS-OTHER-ORIGINS
"""

import http.server
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import urllib.request

# For the browser to start and make its calls.
TIMEOUT_SECONDS = 120

PAGE = """<!doctype html><meta charset="utf-8"><script>
// Like axios in a browser, with the header that the app sends with every call.
const call = (url, method, path, body) => new Promise(done => {
  const request = new XMLHttpRequest();
  request.open(method, url + path);
  request.setRequestHeader('Accept', 'application/json, text/plain, */*');
  request.setRequestHeader('Access-Control-Allow-Origin', '*');
  if (body) request.setRequestHeader('Content-Type', 'application/json');
  request.onload = () => done({status: request.status, body: request.responseText});
  request.onerror = () => done({status: 0, body: 'Failed to fetch'});
  request.send(body && JSON.stringify(body));
});
const person = {cpf: '19582630442', nome: 'Zé da Silva', email: 'ze@exemplo.com.br', hashed_password: 'segredo',
                telefone: '11 90000-0000', endereco: 'Rua A, 1', administrador: false};
const product = JSON.stringify({nome: 'De outra página', categoria: 1, valor: 1});
(async () => {
  const [open, listed] = OPEN_AND_LISTED;
  const result = {
    'GET /produtos': await call(open, 'GET', '/produtos'),
    'GET /clientes/1': await call(open, 'GET', '/clientes/1'),
    'GET /clientes/1/pedidos': await call(open, 'GET', '/clientes/1/pedidos'),
    'POST /clientes/': await call(open, 'POST', '/clientes/', person),
    'listed: GET /produtos': await call(listed, 'GET', '/produtos'),
    'listed: POST /clientes/': await call(listed, 'POST', '/clientes/', person),
    // Sent without a preflight; the page cannot read the response.
    'listed: text/plain': await fetch(listed + '/produtos', {method: 'POST', mode: 'no-cors', body: product})
      .then(answer => ({status: answer.status, body: answer.type})),
  };
  await fetch('/result', {method: 'POST', body: JSON.stringify(result)});
})();
</script>"""


def main(open_url, listed_url):
    results = queue.Queue()

    class Origin(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = PAGE.replace("OPEN_AND_LISTED", json.dumps([open_url, listed_url])).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def do_POST(self):
            results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        log = open(os.path.join(profile, "log"), "w+")
        browser = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", f"--user-data-dir={profile}/chromium", "--remote-debugging-port=0",
             f"http://127.0.0.1:{origin.server_port}/"],
            stdout=log, stderr=log,
        )
        try:
            result = results.get(timeout=TIMEOUT_SECONDS)
        except queue.Empty:
            log.seek(0)
            sys.exit(f"no result from the browser in {TIMEOUT_SECONDS} s\n{log.read()[-2000:]}")
        finally:
            browser.terminate()
            browser.wait()

    expected = {call: 0 if call.startswith("listed: ") else 200 for call in result}
    wrong = {call: answer for call, answer in result.items() if answer["status"] != expected[call]}
    with urllib.request.urlopen(listed_url + "/produtos") as answer:
        if "De outra página" in answer.read().decode():
            wrong["listed: text/plain"] = "a page of another origin has written"
    if not wrong and json.loads(result["POST /clientes/"]["body"])["cpf"] != "19582630442":
        wrong["POST /clientes/"] = result["POST /clientes/"]
    if wrong or len(result) != 7:
        sys.exit(f"wrong: {json.dumps(wrong, ensure_ascii=False, indent=1)}")
    print(f"browser: {len(result)} calls as expected")


if __name__ == "__main__":
    main(*sys.argv[1:])
