"""Notes on an organisation's own things, such as API keys: they concern no person and live under its own key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts import sealer
from core.notes import Noted, Notes
from vault import keys, notes


class OrganisationSealer:
    """Seals and opens them (`accounts.sealer.Sealer`)."""

    def columns(self, written: Notes, *, row_id: str, organisation_id: str, at: datetime) -> Mapping[str, Any]:
        """Give the row's columns for these notes."""
        if not written:
            return notes.NONE
        own = keys.of_organisation(organisation_id, at=at)
        return notes.columns(written, subjects=(own,), row_id=row_id, organisation_id=organisation_id, at=at)

    def opened(self, row: Noted, *, organisation_id: str) -> Notes:
        """Open a row's notes."""
        derive = keys.derivers_of((organisation_id,)).get(organisation_id)
        return Notes() if derive is None else notes.opened_with(derive, row)


def register() -> None:
    """Let accounts know; called when the applications start."""
    sealer.register(OrganisationSealer())
