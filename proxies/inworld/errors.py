"""Errors as Inworld writes them: a number of gRPC, a message, details."""

from __future__ import annotations

from typing import Any, Final

from proxies.error_shapes import ProxyFault

_NUMBERS: Final = {400: 3, 401: 16, 403: 7, 404: 5, 413: 3, 415: 3, 422: 3, 429: 8, 503: 14}
_INTERNAL: Final = 13


def write_inworld_error(fault: ProxyFault) -> dict[str, Any]:
    """Return the body. `details` holds our code and all reasons."""
    return {
        "code": _NUMBERS.get(fault.status, _INTERNAL),
        "message": fault.message,
        "details": [
            {
                "@type": "sayso/problem",
                "code": fault.code,
                "reasons": list(fault.reasons),
                "request_id": fault.request_id,
            }
        ],
    }
