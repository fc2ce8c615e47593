"""A locked restaurant in Chromium: a manager begins by a one-time link, with scripts and without; then a page of another origin
tries to write with the manager's session (CSRF), and a page of the restaurant does.

Usage: locked.py URL PROGRAM DATABASE-URL, of a restaurant with ACCESS=closed
"""

import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

from chromium import Chromium, Page

WRONG = []


def check(what, fits):
    if not fits:
        WRONG.append(what)


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A page of another origin."""

    def do_GET(self):
        page = b"<!doctype html><meta charset=utf-8><title>Elsewhere</title><iframe name=quadro></iframe>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


# Sends a form of text/plain, which needs no preflight, and whose body is JSON.
FORM = """new Promise(done => {
  const form = document.createElement('form');
  Object.assign(form, {method: 'post', action: ACTION, enctype: 'text/plain', target: 'quadro'});
  const input = document.createElement('input');
  Object.assign(input, {name: '{"nome":"Por formulário","categoria":1,"valor":1,"descricao":"', value: '"}'});
  form.append(input);
  document.body.append(form);
  document.querySelector('iframe').onload = () => done(true);
  form.submit();
})"""
FETCH = """fetch(ADDRESS, {method: METHOD, credentials: 'include', mode: MODE, body: BODY})
  .then(answer => answer.type + ' ' + answer.status, () => 'refused')"""


def fetch(page, address, method="POST", mode="no-cors", body=None):
    values = {"ADDRESS": address, "METHOD": method, "MODE": mode, "BODY": body}
    script = FETCH
    for name, value in values.items():
        script = script.replace(name, json.dumps(value), 1)
    return page.run(script)


def become_manager(browser, own, token, scripts):
    """By the page, as a person does; the tab with the session."""
    page = Page(browser, width=320)
    if not scripts:
        page.without_scripts()
    page.open(f"{own}/gerencia" + (f"#{token}" if scripts else ""))
    if scripts:
        check("the link fills the form", page.run("document.getElementById('convite').value") == token)
        check("the token stays in the address", page.run("location.href") == f"{own}/gerencia")
        check("the page is wider than 320 px", page.run("document.documentElement.scrollWidth") <= 320)
    else:
        page.type("#convite", token)
    page.type("#nome", "Ana")
    page.type("#senha", "cavalo bateria grampo")
    page.type("#pin", "4172")
    page.enter()
    page.wait("she has entered", lambda: "Você entrou como" in page.html())
    check(f"complaints: {page.complaints()}", not page.complaints())
    return page


def attack(browser, target, origin, expected):
    """Everything that a page of this origin can send by itself; nothing may change. `expected` is how the writes are refused: 403
    where the browser sends the cookie, since the page is of the same site, and 401 where it does not."""
    page = Page(browser)
    page.open(origin)
    body = '{"nome":"Por fetch","categoria":1,"valor":1}'
    for address, result in [
        (fetch(page, f"{target}/produtos", body=body), "opaque 0"),
        (fetch(page, f"{target}/produtos", mode="cors", body=body), "refused"),
        (fetch(page, f"{target}/restaurante", method="PUT", mode="cors", body='{"nome":"Ladrão"}'), "refused"),
        (fetch(page, f"{target}/produtos/1", method="DELETE", mode="cors"), "refused"),
        (fetch(page, f"{target}/clientes", method="GET", mode="cors"), "refused"),
        (fetch(page, f"{target}/sessoes/atual", method="GET", mode="cors"), "refused"),
        (fetch(page, f"{target}/sair"), "opaque 0"),
    ]:
        check(f"a page of {origin} gets {address}, not {result}", address == result)
    page.run(FORM.replace("ACTION", json.dumps(f"{target}/produtos")))
    statuses = page.statuses(f"{target}/produtos")
    check(f"{origin}: {statuses}", len(statuses) >= 2 and set(statuses) == {expected})


def asked(url, path, key):
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


def main(url, program, database):
    def command(*arguments):
        environment = {**os.environ, "DATABASE_URL": database}
        return subprocess.run([program, *arguments], env=environment, check=True, capture_output=True, text=True).stdout.strip()

    key = command("chave", "criar", "gerente", "teste")
    port = urllib.parse.urlsplit(url).port
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = Chromium()
    try:
        # On this machine's address browsers say which site a request comes from; on a name without TLS, only which origin.
        for host, scripts in [("127.0.0.1", True), ("loja.test", False)]:
            own = f"http://{host}:{port}"
            token = command("gerente", "Ana").split("#")[1]
            page = become_manager(browser, own, token, scripts)
            menu = asked(url, "/produtos", key)
            attack(browser, own, f"http://{host}:{server.server_port}", 403)
            attack(browser, own, f"http://praia.test:{server.server_port}", 401)
            check(f"{host}: the menu has changed", asked(url, "/produtos", key) == menu)
            check(f"{host}: the name has changed", "Ladr" not in asked(url, "/restaurante", key))
            if not scripts:
                page = Page(browser)
                page.open(f"{own}/gerencia")
            # The session has outlasted it, and the same from a page of the restaurant succeeds.
            body = json.dumps({"nome": f"De {host}", "categoria": 1, "valor": 1})
            answer = fetch(page, f"{own}/produtos", mode="cors", body=body)
            check(f"{host}: its own page gets {answer}", answer == "basic 200")
            check(f"{host}: its own page does not write", f"De {host}" in asked(url, "/produtos", key))
            page.run("document.querySelector('form').requestSubmit()")
            page.wait("she has gone out", lambda: "Gerência, com senha" in page.html() and "Você entrou como" not in page.html())
    finally:
        browser.close()
    if WRONG:
        sys.exit("wrong: " + "\n".join(WRONG))
    print("browser: a locked restaurant takes writes of its own pages only")


if __name__ == "__main__":
    main(*sys.argv[1:])
