"""Notes: what callers write beside a row for their own use.

They may name people, so rows hold them sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import models


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Notes:
    """The caller's own id, flat notes and, of a clip, the reference of the call.

    They are never logged.
    """

    external_id: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    client_reference: str = ""

    def __bool__(self) -> bool:
        """Check whether there is anything to store."""
        return bool(self.external_id or self.metadata or self.client_reference)

    def with_changes(self, changes: Mapping[str, Any]) -> Notes:
        """Return the notes with the changes that are notes.

        None and other fields change nothing.
        """
        given = {
            name: changes[name]
            for name in ("external_id", "metadata")
            if changes.get(name) is not None
        }
        return replace(self, **given)


class Noted(models.Model):
    """A row with notes: the ciphertext, and a keyed hash of the caller's own id to find the row by.

    Both go with the row's person. `vault.sealed_notes` fills, opens and searches them.
    """

    sealed_notes = models.BinaryField(null=True, editable=False)
    external_index = models.CharField(max_length=64, blank=True, default="", editable=False)

    class Meta:
        abstract = True
