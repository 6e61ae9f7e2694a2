"""A project served by the real binary, and a receiver of its webhooks, both on this machine."""

import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from verdict import built

# Longest wait for a message, in seconds: far beyond any.
WAIT_MAX_S = 30


class Receiver:
    """Takes every message and keeps it: headers in lower case, raw body."""

    def __init__(self):
        self.received = []
        received = self.received

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"

    def wait_for(self, count):
        deadline = time.monotonic() + WAIT_MAX_S
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} messages came"
            time.sleep(0.01)
        return list(self.received)


class Served:
    """A new project, served."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        data = pathlib.Path(self.folder.name) / "data"
        begun = subprocess.check_output([built("chargly"), "init", "--json", "--data", data])
        self.key = json.loads(begun)["keys"]["test"]
        arguments = ["serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn"]
        self.process = subprocess.Popen(
            [built("chargly"), *arguments, "--webhook-allow-private"], stdout=subprocess.PIPE, text=True
        )
        for line in self.process.stdout:
            if line.startswith("Listening on "):
                self.url = line.split()[-1].rstrip("/")
                return
        raise AssertionError("the server did not start")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def endpoint(self, receiver, types):
        return self.call("POST", "/v1/webhook-endpoints", {"url": receiver.url, "types": types})

    def meter(self, customer="demo_user"):
        return self.call("POST", "/v1/events", {"event": "image.generate", "customer": customer})

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()
