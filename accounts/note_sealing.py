"""Who seals the notes of API keys: the vault, which lies above this room, says so when the
applications start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from core.caller_notes import Noted, Notes


class Sealer(Protocol):
    """Seals notes that concern no person, under the organisation's own key."""

    def columns(
        self, written: Notes, *, row_id: str, organisation_id: str, at: datetime
    ) -> Mapping[str, Any]:
        """Give the row's columns for these notes."""

    def open_notes(self, row: Noted, *, organisation_id: str) -> Notes:
        """Open a row's notes."""


_sealers: list[Sealer] = []


def register_sealer(sealer: Sealer) -> None:
    """Learn who seals."""
    _sealers[:] = [sealer]


def get_sealer() -> Sealer:
    """Give who seals. Raises LookupError before the applications have started."""
    return _sealers[0]
