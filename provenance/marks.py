"""Which key and which token a mark is made with, and which keys a search for marks has to try."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from provenance.models import MarkKey
from vault import keys

TOKEN_BITS: Final = 32
Draw = Callable[[], int]


def draw() -> int:
    """A random token."""
    return secrets.randbits(TOKEN_BITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkingKey:
    """The key of one organisation's marks in one epoch."""

    organisation_id: str
    epoch: int
    key: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """The name under which a search reports this key: `org_…|2026`."""
        return f"{self.organisation_id}|{self.epoch}"


def epoch_of(at: datetime) -> int:
    """The epoch of a time: its calendar year.

    Averaging many clips of one key could estimate its pattern, so keys change; a search tries every key, so they change
    rarely.
    """
    return at.year


def current(organisation_id: str, *, at: datetime) -> MarkingKey:
    """The key to mark with now; remembers that this epoch is in use. Raises KeyDestroyed."""
    epoch = epoch_of(at)
    known = MarkKey.objects.filter(organisation_id=organisation_id, epoch=epoch)
    if not known.exists():
        row = MarkKey(organisation_id=organisation_id, epoch=epoch, created_at=at)
        MarkKey.objects.bulk_create([row], ignore_conflicts=True)
    return MarkingKey(organisation_id=organisation_id, epoch=epoch, key=_derive(organisation_id, epoch, at=at))


def in_use(*, first: str = "") -> dict[str, bytes]:
    """Every key that marks were made with, by its name, newest epochs first. Destroyed keys are left out.

    Those of the organisation `first` come before all others.
    """
    rows = list(MarkKey.objects.order_by("-epoch", "organisation_id").values_list("organisation_id", "epoch"))
    rows.sort(key=lambda row: row[0] != first)
    derive = keys.derivers_of(organisation_id for organisation_id, _ in rows)
    return {
        f"{organisation_id}|{epoch}": derive[organisation_id](_purpose(epoch))
        for organisation_id, epoch in rows
        if organisation_id in derive
    }


def named(name: str) -> tuple[str, int]:
    """Organisation and epoch of a key's name."""
    organisation_id, _, epoch = name.rpartition("|")
    return organisation_id, int(epoch)


def _derive(organisation_id: str, epoch: int, *, at: datetime) -> bytes:
    return keys.derive(keys.of_organisation(organisation_id, at=at), _purpose(epoch))


def _purpose(epoch: int) -> str:
    return f"watermark|{epoch}"
