"""A small HTTP client for the demo, in the standard library only, so that any client can do it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResponse:
    """One HTTP answer: status, headers with lower-case names, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Sends requests to one server with one API key."""

    base: str
    key: str

    def get(self, path: str) -> DemoResponse:
        """Send a GET."""
        return self._send("GET", path, b"", {})

    def post(self, path: str, body: dict[str, Any] | None = None) -> DemoResponse:
        """POST a JSON object."""
        return self._send(
            "POST", path, json.dumps(body or {}).encode(), {"Content-Type": "application/json"}
        )

    def upload(
        self, path: str, fields: dict[str, str], files: list[tuple[str, Path]]
    ) -> DemoResponse:
        """POST fields and files as multipart/form-data (RFC 7578)."""
        boundary = secrets.token_hex(16)
        parts = [
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]

        for name, file in files:
            place = f'form-data; name="{name}"; filename="{file.name}"'
            head = f"--{boundary}\r\nContent-Disposition: {place}\r\n"
            parts.append(
                head.encode()
                + b"Content-Type: application/octet-stream\r\n\r\n"
                + file.read_bytes()
                + b"\r\n"
            )

        parts.append(f"--{boundary}--\r\n".encode())
        return self._send(
            "POST",
            path,
            b"".join(parts),
            {"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> DemoResponse:
        server = urlsplit(self.base)
        connection = HTTPConnection(server.hostname or "127.0.0.1", server.port, timeout=TIMEOUT)

        try:
            authorised = {"Authorization": f"Bearer {self.key}"} if self.key else {}
            connection.request(method, path, body=body or None, headers={**authorised, **headers})
            return _to_demo_response(connection.getresponse())
        finally:
            connection.close()


def _to_demo_response(response: HTTPResponse) -> DemoResponse:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return DemoResponse(status=response.status, headers=headers, body=response.read())
