"""Errors as ElevenLabs writes them: one `detail`, which is a list for a body that is wrong."""

from __future__ import annotations

from typing import Any

from proxies.error_shapes import ProxyFault


def write_elevenlabs_error(fault: ProxyFault) -> dict[str, Any]:
    """Return the body. Beside the provider's own words it holds all reasons."""
    if fault.status == 422:
        return {
            "detail": [
                {
                    "loc": ["body"],
                    "msg": fault.message,
                    "type": fault.code,
                    "request_id": fault.request_id,
                }
            ]
        }

    return {
        "detail": {
            "status": fault.code,
            "message": fault.message,
            "reasons": list(fault.reasons),
            "request_id": fault.request_id,
        }
    }
