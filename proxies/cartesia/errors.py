"""Errors as Cartesia writes them: a code, a title, a message."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from proxies.error_shapes import ProxyFault


def write_cartesia_error(fault: ProxyFault) -> dict[str, Any]:
    """Return the body. Beside the provider's own words it holds all reasons."""
    return {
        "error_code": fault.code,
        "title": HTTPStatus(fault.status).phrase,
        "message": fault.message,
        "request_id": fault.request_id,
        "reasons": list(fault.reasons),
    }
