"""Errors as OpenAI writes them: a message, a type, a code."""

from __future__ import annotations

from typing import Any, Final

from proxies.error_shapes import ProxyFault

_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def write_openai_error(fault: ProxyFault) -> dict[str, Any]:
    """Return the body. `code` is ours, and `reasons` holds all reasons of a refusal."""
    usual = "server_error" if fault.status >= 500 else "invalid_request_error"
    return {
        "error": {
            "message": fault.message,
            "type": _TYPES.get(fault.status, usual),
            "param": None,
            "code": fault.code,
            "reasons": list(fault.reasons),
            "request_id": fault.request_id,
        }
    }
