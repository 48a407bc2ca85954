"""Notes: what callers write beside a row for their own use.

They may name people, so rows hold them sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypedDict

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from core.errors import Fault, Invalid
from core.hash_lists import HashListField

MOST_KEYS: Final = 20
"""How many keys `metadata` has at most."""


class NoteChanges(TypedDict, total=False):
    """Changes to notes. What is left out stays as it is, and None removes."""

    external_id: str | None
    metadata: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Notes:
    """The caller's own id, flat notes and, of a clip, the reference of the call.

    They are never logged.
    """

    external_id: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    client_reference: str = ""

    @classmethod
    def from_form(cls, form: Mapping[str, Any]) -> Notes:
        """Return the notes of a validated form. None and what is left out are empty."""
        return cls(
            external_id=form.get("external_id") or "",
            metadata=form.get("metadata") or {},
            client_reference=form.get("client_reference") or "",
        )

    def __bool__(self) -> bool:
        """Check whether there is anything to store."""
        return bool(self.external_id or self.metadata or self.client_reference)

    def with_changes(self, changes: Mapping[str, Any]) -> Notes:
        """Return the notes with the changes that are notes. Other fields change nothing.

        `metadata` is merged: a key that is not named stays, and one with None is removed. An
        `external_id` of None is removed.

        Raises Invalid if more than `MOST_KEYS` keys would be left.
        """
        named = changes.get("metadata") or {}
        merged = {
            name: text for name, text in {**self.metadata, **named}.items() if text is not None
        }
        if len(merged) > MOST_KEYS:
            detail = f"At most {MOST_KEYS} keys, those that are there already included."
            fault = Fault(code="out_of_range", detail=detail, attr="metadata")
            raise Invalid(detail, faults=(fault,))

        external_id = changes.get("external_id", self.external_id) or ""
        return replace(self, external_id=external_id, metadata=merged)


class Noted(models.Model):
    """A row with notes: the ciphertext, and keyed hashes to find the row by.

    One is of the caller's own id, one of each entry of `metadata`. All go with the row's person.
    `vault.sealed_notes` fills, opens and searches them.
    """

    sealed_notes = models.BinaryField(null=True, editable=False)
    external_index = models.CharField(max_length=64, blank=True, default="", editable=False)
    metadata_index = HashListField(null=True, editable=False)

    class Meta:
        abstract = True


def make_note_indexes(table: str) -> tuple[models.Index, ...]:
    """Make the indexes that find the rows of `table` by their notes.

    Rows without notes are not in them.
    """
    return (
        models.Index(
            name=f"{table}_by_external_id",
            fields=["external_index"],
            condition=~Q(external_index=""),
        ),
        GinIndex(
            name=f"{table}_by_metadata",
            fields=["metadata_index"],
            condition=Q(metadata_index__isnull=False),
        ),
    )
