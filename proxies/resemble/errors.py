"""Errors as Resemble writes them. Its SDKs raise none, so every one says `success: false`."""

from __future__ import annotations

from typing import Any

from proxies.error_shapes import ProxyFault


def write_resemble_error(fault: ProxyFault) -> dict[str, Any]:
    """Return the body. `error_name` is our code, and `reasons` holds all reasons of a refusal."""
    return {
        "success": False,
        "message": fault.message,
        "error_name": fault.code,
        "reasons": list(fault.reasons),
        "request_id": fault.request_id,
    }
