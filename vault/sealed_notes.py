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

from core import canonical_json
from core.caller_notes import Noted, Notes
from vault import sealed_values, subject_keys

Rows = TypeVar("Rows", bound=QuerySet[Any])
Field = Literal["external_id", "client_reference"]
COLUMNS: Final[Mapping[Field, str]] = {
    "external_id": "external_index",
    "client_reference": "reference_index",
}
NONE: Final[dict[str, Any]] = {
    "sealed_notes": None,
    "external_index": "",
    "metadata_index": None,
}
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
    columns = NONE | {"sealed_notes": sealed}
    if notes.external_id or notes.metadata:
        derive = _open_index_key(organisation_id, at=at)
        columns |= {
            "external_index": _hash_note(derive, "external_id", notes.external_id),
            "metadata_index": _hash_metadata(derive, notes.metadata),
        }
    return columns


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
    return _hash_note(_open_index_key(organisation_id, at=at), field, value) if value else ""


def filter_by_notes(
    rows: Rows, wanted: Mapping[str, Any], *, organisation_id: str, at: datetime
) -> Rows:
    """Return an organisation's rows with the notes that `wanted` names: exactly these texts, and
    all these entries of `metadata`.

    What `wanted` does not name narrows nothing. No row has an empty text.
    """
    texts = {field: wanted[field] for field in COLUMNS if wanted.get(field) is not None}
    metadata: Mapping[str, str] = wanted.get("metadata") or {}
    if not texts and not metadata:
        return rows

    derive = _open_index_key(organisation_id, at=at)
    for field, value in texts.items():
        hashed = _hash_note(derive, field, value)
        rows = rows.filter(**{COLUMNS[field]: hashed}) if hashed else rows.none()

    hashes = _hash_metadata(derive, metadata)
    return rows.filter(metadata_index__holds_all=hashes) if hashes else rows


def _open_index_key(organisation_id: str, *, at: datetime) -> subject_keys.Derive:
    return subject_keys.open_subject(None, organisation_id=organisation_id, at=at)[1]


def _hash_note(derive: subject_keys.Derive, field: Field, value: str) -> str:
    if not value:
        return ""

    normal = unicodedata.normalize("NFC", value).encode("utf-8")
    return hmac.new(derive(f"notes-index/1|{field}"), normal, hashlib.sha256).hexdigest()


def _hash_metadata(derive: subject_keys.Derive, metadata: Mapping[str, str]) -> list[str] | None:
    """Return the hashes of the entries, sorted, or None for no entries.

    Each is 128 bits of an HMAC-SHA256 over name and value.
    """
    if not metadata:
        return None

    key = derive("notes-index/1|metadata")
    # As a JSON array, so that no two entries are one text.
    entries = (canonical_json.dump([name, text]) for name, text in metadata.items())
    return sorted({hmac.new(key, entry, hashlib.sha256).hexdigest()[:32] for entry in entries})


def _seal_context(row_id: str) -> str:
    return f"notes|{row_id}"
