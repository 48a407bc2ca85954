"""Requests to a provider on loopback, with what tests seldom care about filled in."""

from __future__ import annotations

from typing import Any

from voices.providers.upstream.upstream_request import TimeLimits, UpstreamRequest

QUICK = TimeLimits(connect=2.0, first_byte=2.0, between=2.0, total=5.0)


def make_request(port: int, **rest: Any) -> UpstreamRequest:
    """A request to a server on loopback. It asks for `/` unless told otherwise."""
    given: dict[str, Any] = {
        "method": "GET",
        "base_url": f"http://127.0.0.1:{port}",
        "is_self_hosted": False,
        "times": QUICK,
    }
    return UpstreamRequest(**(given | rest))
