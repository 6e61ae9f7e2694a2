"""A server of our own: a free port, a data directory that is gone afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Optional

import httpx

SKIPPED = "CHARGLY_BIN names no chargly binary: tests against a live server are skipped"


def binary() -> Optional[str]:
    named = os.environ.get("CHARGLY_BIN", "")
    return named if named and os.access(named, os.X_OK) else None


class Server:
    """A server that can be killed and started again on the same data and port."""

    def __init__(self) -> None:
        found = binary()
        assert found is not None, SKIPPED
        self._binary = found
        self._folder = Path(tempfile.mkdtemp(prefix="chargly-sdk-"))
        self.data = self._folder / "data"
        self.log = self._folder / "log"
        made = subprocess.run(
            [self._binary, "init", "--json", "--data", str(self.data)], check=True, capture_output=True, timeout=120
        )
        self.keys: Dict[str, str] = json.loads(made.stdout)["keys"]
        self.key = self.keys["test"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: Optional["subprocess.Popen[bytes]"] = None

    def start(self, **environment: str) -> Server:
        arguments = ["serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, *arguments, "--webhook-allow-private"],
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
            )
        ends = time.monotonic() + 120
        while time.monotonic() < ends:
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the server did not start: {self.log.read_text()[-2000:]}")

    def wait(self) -> None:
        """Until it dies by itself."""
        assert self._process is not None
        self._process.wait(120)

    def kill(self) -> None:
        """As when the power fails."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)
        shutil.rmtree(self._folder, ignore_errors=True)

    def verify(self) -> "subprocess.CompletedProcess[str]":
        command = [self._binary, "verify", "--data", str(self.data)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """A call that does not go through what is tested."""
        response = httpx.request(
            method,
            self.url + path,
            headers={"authorization": f"Bearer {self.key}"},
            json=body or None,
            timeout=30,
        )
        assert response.is_success, response.text
        return response.json()
