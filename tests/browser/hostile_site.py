"""A website that attacks its visitor's engine with everything that a browser lets a page do to another address."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ATTACKS = """
const engine = arguments[0], stolen = arguments[1], done = arguments[arguments.length - 1];
const patience = (promise) => Promise.race([promise, new Promise((end) => setTimeout(end, 4000, "nothing"))]);
const loads = (element, place) => patience(new Promise((end) => {
  element.onload = element.onmessage = element.onopen = () => end("loaded");
  element.onerror = () => end("failed");
  if (place) document.body.append(element);
}));
const make = (kind, values) => Object.assign(document.createElement(kind), values);
const reads = async (path, options) => {
  try {
    const answer = await fetch(engine + path, options);
    return answer.status + " " + (await answer.text()).slice(0, 80);
  } catch (error) { return "failed"; }
};
const form = (path, body, sandbox) => {
  const frame = make("iframe", { sandbox: sandbox });
  frame.srcdoc = `<form method="post" action="${engine}${path}"><input name="key" value="${body}"></form>` +
    "<script>document.forms[0].submit()</" + "script>";
  return loads(frame, true);
};
(async () => {
  const results = {};
  for (const path of ["/hello", "/options", "/", "/page/static/main.js"]) {
    results["read " + path] = await reads(path);
    results["read with a token " + path] = await reads(path, { headers: { Authorization: "Bearer " + stolen } });
  }
  results["a simple request for a session"] = await reads("/page/session",
    { method: "POST", headers: { "Content-Type": "text/plain" }, body: JSON.stringify({ key: stolen }) });
  for (const path of ["/shutdown", "/jobs", "/page/keys", "/enter"])
    results["blind " + path] = await reads(path, { method: "POST", mode: "no-cors", body: "key=" + stolen });
  navigator.sendBeacon(engine + "/shutdown", "{}");
  results.script = await loads(make("script", { src: engine + "/page/static/main.js" }), true);
  results.picture = await loads(make("img", { src: engine + "/page/static/icon.svg" }), true);
  results.example = await loads(make("img", { src: engine + "/page/static/examples/dragon.png" }), true);
  results.style = await loads(make("link", { rel: "stylesheet", href: engine + "/page/static/style.css" }), true);
  results.events = await loads(new EventSource(engine + "/hello"));
  try { results.socket = await loads(new WebSocket(engine.replace("http", "ws") + "/hello")); }
  catch (error) { results.socket = "failed"; }
  await form("/enter", stolen, "allow-scripts allow-forms");
  await form("/enter", stolen, "allow-scripts allow-forms allow-same-origin");
  const other = window.open(engine + "/");
  await new Promise((end) => setTimeout(end, 1500));
  try { results.window = other ? (other.document ? "open" : "none") : "none"; }
  catch (error) { results.window = "failed"; }
  if (other) { other.postMessage({ key: stolen }, "*"); other.close(); }
  done(results);
})();
"""
"""An asynchronous script for a browser: (address of the engine, a guessed token) => what each attack got."""


class _Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """An empty page; /frame?ADDRESS embeds another one."""
        _, _, address = self.path.partition("?")
        body = (
            f"<!DOCTYPE html><title>evil</title><body>{f'<iframe src={address}></iframe>' if address else ''}".encode()
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def hostile_site() -> Iterator[int]:
    """Its port on 127.0.0.1."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
