"""The mailbox of the demo's speaker: a mail server on loopback, which finds the link in a mail.

It knows the few commands of SMTP (RFC 5321) that a client needs to send a mail, and stores nothing
on disk.
"""

from __future__ import annotations

import queue
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Final, cast

WAIT_SECONDS: Final = 30.0


class Mailbox:
    """The mails that arrived, oldest first."""

    def __init__(self, port: int) -> None:
        self.url = f"smtp+plain://127.0.0.1:{port}"
        self.letters: queue.Queue[bytes] = queue.Queue()

    def signing_link(self) -> str:
        """Wait for the next mail and return the signing link in it.

        Raises LookupError when no mail arrives within 30 seconds, or when it has no link.
        """
        try:
            letter = message_from_bytes(
                self.letters.get(timeout=WAIT_SECONDS), policy=policy.default
            )
        except queue.Empty:
            raise LookupError("no letter came") from None

        words = str(letter.get_content()).split()
        found = next((word for word in words if "/sign/" in word), None)
        if found is None:
            raise LookupError("the letter holds no link")

        return found


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mailbox: Mailbox


class _Dialogue(socketserver.StreamRequestHandler):
    """An SMTP session with one client."""

    def handle(self) -> None:
        """Accept every command, and store the mails."""
        self._say("220 mailbox of the demo")

        while line := self.rfile.readline():
            word = line.strip().upper()[:4]
            if word == b"DATA":
                self._say("354 end with a dot")
                cast("_Server", self.server).mailbox.letters.put(self._read_letter())

            self._say("221 bye" if word == b"QUIT" else "250 OK")
            if word == b"QUIT":
                return

    def _read_letter(self) -> bytes:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)

        return b"".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode("ascii") + b"\r\n")


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    """Open a mailbox on a free port of loopback while the block runs."""
    with _Server(("127.0.0.1", 0), _Dialogue) as server:
        server.mailbox = Mailbox(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.mailbox
        finally:
            server.shutdown()
