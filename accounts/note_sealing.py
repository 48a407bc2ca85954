"""The hook for sealing the notes of API keys, which the vault fills."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from core.caller_notes import Noted, Notes
from core.hooks import Hook


class Sealer(Protocol):
    """Seals notes that concern no person, under the organisation's own key."""

    def columns(
        self, written: Notes, *, row_id: str, organisation_id: str, at: datetime
    ) -> Mapping[str, Any]:
        """Return the row's columns for these notes."""

    def open_notes(self, row: Noted, *, organisation_id: str) -> Notes:
        """Open a row's notes."""


note_sealer: Final = Hook[Sealer]("accounts.note_sealing.note_sealer")
