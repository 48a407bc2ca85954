"""The service in its own process for the stream bench, with the time to a stream's first byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Final

SENTENCE: Final = (
    "It was a bright cold evening, and the lamps along the harbour were lit one after another. "
)
ROUNDS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server, with the key and the voice for its calls."""

    port: int
    key: str
    voice: str

    def ask(self, text: str) -> tuple[HTTPConnection, HTTPResponse, float]:
        """Begin a stream, and return its connection, its response and the milliseconds to the first
        byte.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        body = {
            "voice": self.voice,
            "text": text,
            "language": "en",
            "use_case": "entertainment.audiobook",
        }
        body |= {"output": {"codec": "mp3"}, "delivery": {"mode": "stream"}}  # type: ignore[dict-item]  # nests
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection.connect()
        began = time.perf_counter()
        connection.request("POST", "/v1/speech", json.dumps(body), headers)
        response = connection.getresponse()
        first = response.read1(1)
        assert response.status == 200, response.read()
        assert first
        return connection, response, 1000 * (time.perf_counter() - began)

    def first_byte(self, text: str) -> float:
        """Return the milliseconds to the first byte of a stream that is then read to its end."""
        connection, response, took = self.ask(text)
        response.read()
        connection.close()
        return took


@contextmanager
def process(port: int) -> Iterator[None]:
    """Run the service in its own process on this bench's database, with room for 100 streams."""
    environment = {
        **os.environ,
        "SAYSO_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SAYSO_MAX_STREAMS": "100",
    }
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment)

    try:
        for _ in range(600):
            probe = HTTPConnection("127.0.0.1", port, timeout=2)
            try:
                probe.request("GET", "/health/live")
                if probe.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.1)
            finally:
                probe.close()

        yield
    finally:
        server.terminate()
        server.wait(30)
