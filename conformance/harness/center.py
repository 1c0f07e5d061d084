"""One center in a process of its own, on free ports, in a directory of its own."""

import http.client
import json
import os
import socket
import subprocess
import time
from pathlib import Path

READY_WITHIN_SECONDS = 30


class Center:
    """A running `landfall serve --dev`."""

    def __init__(self, program: Path, directory: Path):
        self.program, self.data = program, directory / "data"
        self.log = directory / "center.log"
        self.api, self.agents = (f"127.0.0.1:{_free_port()}" for _ in range(2))
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LANDFALL_")}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                # One address and one key send faster than any client would; throttling is tested by faults.
                [program, "serve", "--dev", "--key-rate", "0", "--address-rate", "0", "--data-dir", self.data,
                 "--api-listen", self.api, "--agent-listen", self.agents],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean,
            )

    def __enter__(self):
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def agent_endpoint(self) -> dict:
        """Where agents connect, and what they pin."""
        return self._get("/healthz")["agent"]

    def stopped_cleanly(self) -> bool:
        """Whether it ended by itself, and well, when asked to."""
        return self._process.returncode == 0

    def _wait(self):
        until = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.program} ended at once:\n{self.log.read_text()}")
            try:
                self._get("/readyz")
                return
            except (OSError, http.client.HTTPException):
                if time.monotonic() > until:
                    raise RuntimeError(f"no answer from {self.api}:\n{self.log.read_text()}") from None
                time.sleep(0.02)

    def _get(self, path):
        connection = http.client.HTTPConnection(self.api, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise OSError(f"GET {path} answered {response.status}")
            return json.loads(body)
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
