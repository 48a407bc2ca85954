"""Which addresses pages of other origins may read, and the headers that say so (CORS).

They are those that take no key: what verifies a file, and the C2PA resolution API. The public log
says it in its own views.
"""

from __future__ import annotations

from typing import Final

_OPEN: Final = frozenset({"/v1/verify"})
_OPEN_BELOW: Final = "/c2pa/"
HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Retry-After, X-Request-Id",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}
"""What a preflight is told beside them (Fetch standard, 3.2.2)."""


def is_open(path: str) -> bool:
    """Return whether pages of other origins may read what this address answers."""
    return path in _OPEN or path.startswith(_OPEN_BELOW)
