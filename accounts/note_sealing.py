"""The hook for sealing the notes of API keys, which the vault fills."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from django.db.models import QuerySet

from core.caller_notes import Noted, Notes
from core.hooks import Hook

Rows = TypeVar("Rows", bound=QuerySet[Any])


class Sealer(Protocol):
    """Seals notes that concern no person, under the organisation's own key."""

    def columns(
        self, written: Notes, *, row_id: str, organisation_id: str, at: datetime
    ) -> Mapping[str, Any]:
        """Return the row's columns for these notes."""

    def open_notes(self, row: Noted, *, organisation_id: str) -> Notes:
        """Open a row's notes."""

    def hold_key(self, organisation_id: str) -> AbstractContextManager[None]:
        """Open the organisation's key once for all rows that are opened inside the context."""

    def filter_rows(
        self, rows: Rows, wanted: Mapping[str, Any], *, organisation_id: str, at: datetime
    ) -> Rows:
        """Return the rows with the notes that `wanted` names."""


note_sealer: Final = Hook[Sealer]("accounts.note_sealing.note_sealer")
