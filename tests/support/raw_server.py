"""A server on loopback that answers byte by byte what a test says: also what no server should."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class RawAsked:
    """One request. Header names are in lower case."""

    line: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class RawPeer:
    """The server's end of one connection."""

    def __init__(self, plain: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._socket = tls.wrap_socket(plain, server_side=True) if tls else plain
        self._socket.settimeout(10)
        self._file = self._socket.makefile("rb")

    def read_request(self) -> RawAsked | None:
        """Read one request, or None when the client has gone."""
        if not (line := self._file.readline().decode("latin-1").strip()):
            return None

        headers = {}
        while head := self._file.readline().decode("latin-1").strip():
            name, _, value = head.partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(self._read_chunks())
        else:
            body = self._file.read(int(headers.get("content-length", 0)))
        return RawAsked(line=line, headers=headers, body=body)

    def send(self, data: bytes) -> None:
        """Send all of it, or raise OSError when the client has gone."""
        self._socket.sendall(data)

    def send_some(self, data: bytes, *, within: float) -> int:
        """Send as much as is taken within some seconds, and return how much that was."""
        self._socket.settimeout(within)
        with suppress(TimeoutError):
            return self._socket.send(data)
        return 0

    def wait_until_gone(self, seconds: float) -> float | None:
        """Return when the client broke the connection (monotonic), or None if it did not."""
        until = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._socket.fileno(), select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        while (left := until - time.monotonic()) > 0:
            if poll.poll(left * 1000):
                return time.monotonic()
        return None

    def break_off(self) -> None:
        """Break the connection, from any thread."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()

    def _read_chunks(self) -> Iterator[bytes]:
        while size := int(self._file.readline(), 16):
            yield self._file.read(size)
            self._file.readline()
        self._file.readline()


@contextmanager
def raw_server(
    serve: Callable[[RawPeer], None], *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[int]:
    """Call `serve` in a thread for each connection, while the block runs. Give the port.

    What is open at its end is broken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family, backlog=200)
    listener.settimeout(0.02)
    done, threads, peers = threading.Event(), list[threading.Thread](), list[RawPeer]()

    def carry(accepted: socket.socket) -> None:
        # A client that goes away is part of the play.
        with suppress(OSError, ValueError):
            peer = RawPeer(accepted, tls)
            peers.append(peer)
            try:
                serve(peer)
            finally:
                peer.close()
        accepted.close()

    def accept() -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                accepted, _ = listener.accept()
                threads.append(
                    threading.Thread(target=carry, args=(accepted,), name="raw-server", daemon=True)
                )
                threads[-1].start()

    main = threading.Thread(target=accept, name="raw-server")
    main.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        main.join()
        listener.close()
        for peer in peers:
            peer.break_off()
        for thread in threads:
            thread.join(15)


def serve_reply(
    head: str, body: bytes = b"", *, asked: list[RawAsked] | None = None
) -> Callable[[RawPeer], None]:
    """Return what answers every request with one status, its headers and a body."""
    lines = [*head.splitlines(), f"Content-Length: {len(body)}"]
    reply = ("HTTP/1.1 " + "\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body

    def serve(peer: RawPeer) -> None:
        while found := peer.read_request():
            if asked is not None:
                asked.append(found)
            peer.send(reply)

    return serve
