"""A client that sees what is on the wire: each chunk as it comes, and whether the answer ended like
a whole one.
"""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from config.demo.client import Client, DemoResponse

SECONDS = 30.0


@dataclass
class Call:
    """One request on a connection of its own."""

    sock: socket.socket
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    received: bytes = b""
    whole: bool = False
    _waiting: bytes = b""

    def chunk(self) -> bytes | None:
        """The next chunk; None when no more comes, with `whole` saying whether the last one did."""
        line = self._line()
        if not line:
            return None
        size = int(line, 16)
        data = self._take(size + 2)[:size]
        self.whole = size == 0
        self.received += data
        return data or None

    def rest(self) -> bytes:
        """Everything that came, to whatever end."""
        with suppress(ConnectionError):
            while self.chunk() is not None:
                pass
        return self.received

    def body(self) -> Any:
        """A JSON answer."""
        return json.loads(self._take(int(self.headers["content-length"])))

    def exactly(self, size: int) -> bytes:
        """The body of an answer that declared its length."""
        return self._take(size)

    def close(self) -> None:
        self.sock.close()

    def begin(self) -> None:
        """Read the head."""
        self.status = int(self._line().split()[1])
        while line := self._line():
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value

    def _line(self) -> bytes:
        while b"\r\n" not in self._waiting:
            if not self._more():
                return b""
        line, _, self._waiting = self._waiting.partition(b"\r\n")
        return line

    def _take(self, size: int) -> bytes:
        while len(self._waiting) < size and self._more():
            pass
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def _more(self) -> bool:
        data = self.sock.recv(65_536)
        self._waiting += data
        return bool(data)


@dataclass
class Wire:
    """Calls to one server with one key."""

    port: int
    key: str
    calls: list[Call] = field(default_factory=list)

    def speak(self, body: dict[str, Any], *, buffer: int = 0, **headers: str) -> Call:
        """Ask for speech and read the head of the answer; `buffer` is how much the system may hold
        for us.
        """
        call = self.ask(body, buffer=buffer, **headers)
        call.begin()
        return call

    def get(self, path: str) -> Any:
        """What the API shows there."""
        return self.answer(path).json

    def answer(self, path: str) -> DemoResponse:
        """What stands there, as it comes."""
        return Client(base=f"http://127.0.0.1:{self.port}", key=self.key).get(path)

    def ask(self, body: dict[str, Any], *, buffer: int = 0, **headers: str) -> Call:
        """Ask, and wait for nothing."""
        sock = socket.socket()
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.settimeout(SECONDS)
        sock.connect(("127.0.0.1", self.port))
        data = json.dumps(body).encode()
        named = {
            "Host": "127.0.0.1",
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/json",
        }
        named |= {"Content-Length": str(len(data))} | {
            name.replace("_", "-"): text for name, text in headers.items()
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        sock.sendall(f"POST /v1/speech HTTP/1.1\r\n{head}\r\n".encode() + data)
        call = Call(sock)
        self.calls.append(call)
        return call
