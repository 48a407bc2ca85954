"""A small mail server on loopback: real sockets and the real dialogue of SMTP, with answers that a
test may choose.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final, cast

TAKEN: Final = "250 2.0.0 Ok: queued as 4Xk2"


@dataclass(kw_only=True)
class MailServer:
    """What the server got, and what it answers to an address (`to_recipient`) and to a letter
    (`to_letter`).
    """

    port: int = 0
    to_recipient: str = "250 2.1.5 Ok"
    to_letter: str = TAKEN
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    hangs_up: bool = False

    @property
    def letters(self) -> list[EmailMessage]:
        """The letters that came, read."""
        return [message_from_bytes(data, policy=policy.default) for data in self.raw]

    def text(self) -> str:
        """The words of the last letter."""
        return str(self.letters[-1].get_content())

    def link(self) -> str:
        """The signing link in the last letter."""
        return next(word for word in self.text().split() if "/sign/" in word)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, kept: MailServer) -> None:
        super().__init__(("127.0.0.1", 0), _Dialogue)
        self.kept = kept


class _Dialogue(socketserver.StreamRequestHandler):
    """One conversation with one client."""

    def handle(self) -> None:
        self._say("220 loopback ESMTP")
        while (line := self.rfile.readline()) and not self._kept.hangs_up:
            word = line.strip().upper()[:4]
            if word == b"RCPT":
                self._kept.recipients.append(line.decode().partition("<")[2].partition(">")[0])
            if word == b"DATA":
                self._say("354 go on")
                self._take()
            self._say(self._answer(word))

    def _answer(self, word: bytes) -> str:
        return {
            b"RCPT": self._kept.to_recipient,
            b"DATA": self._kept.to_letter,
            b"QUIT": "221 bye",
        }.get(word, "250 Ok")

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        if self._kept.to_letter.startswith("250"):
            self._kept.raw.append(b"".join(lines))

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    @property
    def _kept(self) -> MailServer:
        return cast("_Server", self.server).kept


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Serve on a free port of loopback for as long as the block runs."""
    kept = MailServer()
    server = _Server(kept)
    kept.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
