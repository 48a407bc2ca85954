"""Errors as TensorOne's programs can read them. Its documents name no form but `error`."""

from __future__ import annotations

from typing import Any

from proxies.error_shapes import ProxyFault


def write_tensorone_error(fault: ProxyFault) -> dict[str, Any]:
    """Return the body: a sentence, our code, and all reasons of a refusal."""
    return {
        "error": fault.message,
        "code": fault.code,
        "reasons": list(fault.reasons),
        "requestId": fault.request_id,
    }
