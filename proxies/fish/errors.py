"""Errors as Fish Audio writes them: a status and a message."""

from __future__ import annotations

from typing import Any

from proxies.error_shapes import ProxyFault


def write_fish_error(fault: ProxyFault) -> dict[str, Any]:
    """Return the body. Beside the provider's own words it holds all reasons.

    The older SDK (`fish_audio_sdk`) reads `detail` of a body with more members than two, and fails
    without it.
    """
    return {
        "status": fault.status,
        "message": fault.message,
        "detail": fault.message,
        "code": fault.code,
        "reasons": list(fault.reasons),
        "request_id": fault.request_id,
    }
