"""Scopes of API keys: a subject with `read` or `write`, where no scope implies another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SUBJECTS: Final = (
    "speakers", "consents", "voices", "speech", "decisions", "clips", "exports", "erasures",
    "webhooks", "admin",
)  # fmt: skip
ALL: Final = tuple(f"{subject}:{right}" for subject in SUBJECTS for right in ("read", "write"))


def order_scopes(scopes: Iterable[str]) -> list[str]:
    """Return each scope once, in the order of `ALL`.

    Raises ValueError for a scope that does not exist.
    """
    wanted = set(scopes)
    if unknown := wanted - set(ALL):
        raise ValueError(f"no such scope: {sorted(unknown)[0]}")

    return [scope for scope in ALL if scope in wanted]
