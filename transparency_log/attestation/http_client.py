"""HTTP client for attestors: one kept connection, bounded in time and size, no redirects."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

from core.errors import Unavailable

SECONDS: Final = 10.0
MAX_BYTES: Final = 2**16


class AttestorUnavailable(Unavailable):
    """A witness, a store, a time-stamping authority or a watched log cannot be reached, or the
    connection breaks.
    """

    code = "outsider_away"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """A connection to one URL, as a context manager.

    It is reopened once if the other side has closed it.
    """

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        """Raise ValueError if `url` is no http(s) URL."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("an attestor has an http or https URL")

        self._host = parts.hostname
        self._port = parts.port
        self._secure = parts.scheme == "https"
        self._prefix = parts.path.rstrip("/")
        self._seconds = seconds
        self._open: HTTPConnection | None = None

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def call(
        self,
        method: str,
        path: str = "",
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> HttpAnswer:
        """Send one request below the URL's prefix.

        Raises AttestorUnavailable, also for an answer longer than `max_bytes` bytes.
        """
        words = {"User-Agent": "sayso", "Accept-Encoding": "identity", **(headers or {})}
        kept = self._open is not None

        try:
            return self._once(method, path, body, words, max_bytes)
        except (OSError, HTTPException) as error:
            self.close()
            if not kept:
                raise AttestorUnavailable(
                    "An attestor cannot be reached.", facts={"host": self._host}
                ) from error

        try:
            return self._once(method, path, body, words, max_bytes)
        except (OSError, HTTPException) as error:
            self.close()
            raise AttestorUnavailable(
                "An attestor cannot be reached.", facts={"host": self._host}
            ) from error

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], max_bytes: int
    ) -> HttpAnswer:
        if self._open is None:
            self._open = self._connection()

        self._open.request(method, (self._prefix + path) or "/", body=body, headers=dict(headers))
        response = self._open.getresponse()
        data = _read_body(response, max_bytes)

        if data is None:
            self.close()
            raise AttestorUnavailable(
                "An attestor answers more than was asked for.", facts={"host": self._host}
            )

        if response.will_close:
            self.close()

        found = {name.lower(): value for name, value in response.getheaders()}
        return HttpAnswer(status=response.status, headers=found, body=data)

    def _connection(self) -> HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return HTTPSConnection(self._host, self._port, timeout=self._seconds, context=context)

        return HTTPConnection(self._host, self._port, timeout=self._seconds)


def _read_body(response: HTTPResponse, max_bytes: int) -> bytes | None:
    data = response.read(max_bytes + 1)
    return None if len(data) > max_bytes else data
