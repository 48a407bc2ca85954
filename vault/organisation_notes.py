"""Notes on an organisation's own things, such as API keys, sealed under the organisation's key.

They concern no person.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from core.caller_notes import Noted, Notes
from vault import key_rings, sealed_notes, subject_keys
from vault.sealed_notes import Rows


class OrganisationSealer:
    """Seals and opens the notes (`accounts.note_sealing.Sealer`)."""

    def columns(
        self, written: Notes, *, row_id: str, organisation_id: str, at: datetime
    ) -> Mapping[str, Any]:
        """Return the row's columns for these notes."""
        if not written:
            return sealed_notes.NONE

        own = subject_keys.get_organisation_subject(organisation_id, at=at)
        return sealed_notes.seal_notes(
            written, subjects=(own,), row_id=row_id, organisation_id=organisation_id, at=at
        )

    def open_notes(self, row: Noted, *, organisation_id: str) -> Notes:
        """Open a row's notes."""
        if row.sealed_notes is None:
            return Notes()

        derive = key_rings.open_organisation_deriver(organisation_id)
        return Notes() if derive is None else sealed_notes.open_notes_with(derive, row)

    def hold_key(self, organisation_id: str) -> AbstractContextManager[None]:
        """Open the organisation's key once for all rows that are opened inside the context."""
        return key_rings.hold_subject_keys((), organisation_id=organisation_id)

    def filter_rows(
        self, rows: Rows, wanted: Mapping[str, Any], *, organisation_id: str, at: datetime
    ) -> Rows:
        """Return the rows with the notes that `wanted` names."""
        return sealed_notes.filter_by_notes(rows, wanted, organisation_id=organisation_id, at=at)
