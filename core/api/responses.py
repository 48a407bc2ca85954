"""Kinds of answers that the edge treats in their own way, and headers that several share."""

from __future__ import annotations

from rest_framework.response import Response

POLL_SECONDS: int = 1


class SecretResponse(Response):
    """An answer with something in it that is shown once, such as a key.

    It is never kept for a retry.
    """


def polling_headers(*, finished: bool) -> dict[str, str]:
    """Return `Retry-After` while something is not finished: when it is worth asking again."""
    return {} if finished else {"Retry-After": str(POLL_SECONDS)}
