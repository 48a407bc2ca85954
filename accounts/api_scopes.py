"""Scopes: what an API key may touch.

A subject and `read` or `write`; nothing implies anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SUBJECTS: Final = (
    "speakers", "consents", "voices", "speech", "decisions", "clips", "exports", "erasures",
    "webhooks", "admin",
)  # fmt: skip
ALL: Final = tuple(f"{subject}:{right}" for subject in SUBJECTS for right in ("read", "write"))


def order_scopes(scopes: Iterable[str]) -> list[str]:
    """Each scope once, in the order of `ALL`. Raises ValueError for one that does not exist."""
    wanted = set(scopes)
    if unknown := wanted - set(ALL):
        raise ValueError(f"no such scope: {sorted(unknown)[0]}")
    return [scope for scope in ALL if scope in wanted]
