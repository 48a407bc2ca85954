"""Ids in paths: what has not the shape of an id is nobody's, so the database is not even asked."""

from __future__ import annotations

from core import ids
from core.errors import NotFound


def require_id(text: str, prefix: ids.Prefix, what: str) -> str:
    """Give the id back. Raises NotFound when it cannot be one."""
    if not ids.is_id(text, prefix):
        raise NotFound(f"There is no such {what}.")
    return text
