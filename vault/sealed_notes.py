"""Callers' notes, sealed under the keys of the people whom a row concerns, found by a keyed hash.

They are encrypted before the database receives them, so no log, replica or backup holds them in
clear. A row that concerns several people is sealed under all their keys together. Erasing one of
them ends it.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeVar, cast

from django.db.models import QuerySet

from core.caller_notes import Noted, Notes
from vault import sealed_values, subject_keys

Rows = TypeVar("Rows", bound=QuerySet[Any])
Field = Literal["external_id", "client_reference"]
COLUMNS: Final[Mapping[Field, str]] = {
    "external_id": "external_index",
    "client_reference": "reference_index",
}
NONE: Final[Mapping[str, Any]] = {"sealed_notes": None, "external_index": ""}
"""The columns of a row without notes."""


def seal_notes(
    notes: Notes, *, subjects: Collection[str], row_id: str, organisation_id: str, at: datetime
) -> dict[str, Any]:
    """Return a row's columns for these notes.

    Raises NotFound, KeyDestroyed and KmsUnavailable as `subject_keys.derive_key` does.
    """
    if not notes:
        return dict(NONE)

    value = {name: getattr(notes, name) for name in Notes.__slots__}
    sealed = sealed_values.seal_with(
        subject_keys.open_joint_deriver(subjects),
        _seal_context(row_id),
        {**value, "metadata": dict(notes.metadata)},
    )
    external = index_note("external_id", notes.external_id, organisation_id=organisation_id, at=at)

    return {"sealed_notes": sealed, "external_index": external}


def open_notes(row: Noted, *, subjects: Collection[str]) -> Notes:
    """Open a row's notes. The result is empty once one of the people has been erased."""
    if row.sealed_notes is None:
        return Notes()
    try:
        return open_notes_with(subject_keys.open_joint_deriver(subjects), row)
    except subject_keys.KeyDestroyed:
        return Notes()


def open_notes_with(derive: subject_keys.Derive, row: Noted) -> Notes:
    """Open a row's notes with a key that is already open.

    Raises Tampered.
    """
    if row.sealed_notes is None:
        return Notes()

    value = sealed_values.unseal_with(derive, _seal_context(str(row.pk)), bytes(row.sealed_notes))
    return Notes(**cast("dict[str, Any]", value))


def index_note(field: Field, value: str, *, organisation_id: str, at: datetime) -> str:
    """Return the HMAC-SHA256, in hex, of a value under the organisation's key, or "" for no value.

    Each field has a key of its own. Equal values have equal hashes inside one organisation and
    field. Nothing else can be learnt without the key.
    """
    if not value:
        return ""

    _, derive = subject_keys.open_subject(None, organisation_id=organisation_id, at=at)
    normal = unicodedata.normalize("NFC", value).encode("utf-8")
    return hmac.new(derive(f"notes-index/1|{field}"), normal, hashlib.sha256).hexdigest()


def filter_by_note(
    rows: Rows, field: Field, value: str | None, *, organisation_id: str, at: datetime
) -> Rows:
    """Return an organisation's rows whose field has exactly this value.

    They are all for None, and none for an empty text.
    """
    if value is None:
        return rows
    if not value:
        return rows.none()

    hashed = index_note(field, value, organisation_id=organisation_id, at=at)
    return rows.filter(**{COLUMNS[field]: hashed})


def _seal_context(row_id: str) -> str:
    return f"notes|{row_id}"
