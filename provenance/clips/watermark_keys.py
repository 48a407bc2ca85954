"""Which key and which token a mark is made with, and which keys a search for marks has to try."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from core.canonical_json import Json
from provenance.clips import audiowmark_layer
from provenance.clips.audiowmark_layer import AudiowmarkLayer
from provenance.clips.watermark_policy import POLICY
from provenance.models import Clip, MarkKey
from vault import subject_keys

TEST_EPOCH: Final = 0
"""The epoch of all test data, whatever the test clock says.

It has keys of its own, one for each organisation. A test clock that jumps makes no others, and a
search tries them behind all keys of live data.
"""
TOKEN_BITS: Final = 32
_MOST_EPOCHS: Final = 4096
_epochs_in_use: Final[set[tuple[str, int]]] = set()
"""Epochs whose row is known to be stored. Such a row is never deleted."""
Draw = Callable[[], int]


def draw_token() -> int:
    """Return a random token."""
    return secrets.randbits(TOKEN_BITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkingKey:
    """The keys of one organisation's marks in one epoch: of our own, and of the audiowmark layer.

    Each is derived for itself, so that giving one away gives away no other.
    """

    organisation_id: str
    epoch: int
    key: bytes = field(repr=False)
    audiowmark_key: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """The name under which a search reports this key: `org_…|2026`."""
        return f"{self.organisation_id}|{self.epoch}"


def get_epoch(at: datetime, *, livemode: bool = True) -> int:
    """Return the epoch of a time: its calendar year, or `TEST_EPOCH` for test data.

    Averaging many clips of one key could estimate its pattern, so keys change. A search tries every
    key, so they change rarely.
    """
    return at.year if livemode else TEST_EPOCH


def get_current_key(organisation_id: str, *, at: datetime, livemode: bool = True) -> MarkingKey:
    """Return the keys to mark with now, and store that their epoch is in use.

    Raises KeyDestroyed.
    """
    epoch = get_epoch(at, livemode=livemode)
    _note_epoch(organisation_id, epoch, at=at)
    _, derive = subject_keys.open_subject(None, organisation_id=organisation_id, at=at)
    return MarkingKey(
        organisation_id=organisation_id,
        epoch=epoch,
        key=derive(_key_purpose(epoch)),
        audiowmark_key=derive(_audiowmark_key_purpose(epoch)),
    )


def list_watermark_keys(*, prefer_organisation_id: str = "") -> dict[str, bytes]:
    """Return every key that marks were made with, by its name, newest epochs first, those of test
    data last.

    Those of `prefer_organisation_id` come before all others. Destroyed keys are left out.
    """
    rows = list_key_rows(MarkKey.objects.all(), prefer_organisation_ids=(prefer_organisation_id,))
    return _derive_keys(rows, _key_purpose)


def derive_audiowmark_key(organisation_id: str, epoch: int, *, at: datetime) -> bytes:
    """Derive the key of the audiowmark layer. Raises KeyDestroyed."""
    _, derive = subject_keys.open_subject(None, organisation_id=organisation_id, at=at)
    return derive(_audiowmark_key_purpose(epoch))


def is_audiowmark_wanted(policy: Mapping[str, Json]) -> bool:
    """Check whether an organisation's policy wants the audiowmark layer in long clips.

    Without an entry it does.
    """
    schemes = policy.get(POLICY)
    return audiowmark_layer.SCHEME in schemes if isinstance(schemes, list) else True


def build_audiowmark_layer(
    clip_id: str, keys: MarkingKey, *, policy: Mapping[str, Json]
) -> AudiowmarkLayer | None:
    """Return the audiowmark layer that a clip carries when it is long enough.

    Returns None when the organisation's `policy` wants none.
    """
    if not is_audiowmark_wanted(policy):
        return None

    key = audiowmark_layer.to_audiowmark_key(keys.audiowmark_key, keys.name)
    return AudiowmarkLayer(clip_id=clip_id, key=key)


def list_audiowmark_keys(
    *, prefer_organisation_ids: Collection[str] = (), limit: int | None = None
) -> dict[str, bytes]:
    """Return the keys of audiowmark layers that clips carry, at most `limit` of them.

    The order is that of `list_watermark_keys`.
    """
    known = MarkKey.objects.filter(second=True)
    rows = list_key_rows(known, prefer_organisation_ids=prefer_organisation_ids)
    return _derive_keys(rows[:limit], _audiowmark_key_purpose)


def note_audiowmark_use(clip: Clip) -> None:
    """Record that clips of this epoch carry the audiowmark layer, if `clip` does.

    A search then tries its key.
    """
    if clip.second_marks:
        MarkKey.objects.filter(
            organisation_id=clip.organisation_id, epoch=clip.epoch, second=False
        ).update(second=True)


def parse_key_name(name: str) -> tuple[str, int]:
    """Return the organisation and the epoch that a key's name holds."""
    organisation_id, _, epoch = name.rpartition("|")
    return organisation_id, int(epoch)


def _note_epoch(organisation_id: str, epoch: int, *, at: datetime) -> None:
    """Store that an organisation's marks are made in this epoch, at the first of them."""
    if (organisation_id, epoch) in _epochs_in_use:
        return

    known = MarkKey.objects.filter(organisation_id=organisation_id, epoch=epoch)
    if not known.exists():
        row = MarkKey(organisation_id=organisation_id, epoch=epoch, created_at=at)
        MarkKey.objects.bulk_create([row], ignore_conflicts=True)

    # Only what is committed is remembered.
    transaction.on_commit(lambda: _remember_epoch(organisation_id, epoch))


def _remember_epoch(organisation_id: str, epoch: int) -> None:
    if len(_epochs_in_use) >= _MOST_EPOCHS:
        _epochs_in_use.clear()

    _epochs_in_use.add((organisation_id, epoch))


def list_key_rows(
    known: QuerySet[MarkKey], *, prefer_organisation_ids: Collection[str] = ()
) -> list[tuple[str, int]]:
    """Return organisation and epoch of these keys, in the order in which they are tried."""
    rows = list(known.order_by("-epoch", "organisation_id").values_list("organisation_id", "epoch"))
    rows.sort(key=lambda row: row[0] not in prefer_organisation_ids)
    return rows


def derive_watermark_keys(rows: Iterable[tuple[str, int]]) -> dict[str, bytes]:
    """Return the watermark keys of these rows by their names. Destroyed keys are left out."""
    return _derive_keys(rows, _key_purpose)


def _derive_keys(
    rows: Iterable[tuple[str, int]], purpose: Callable[[int], str]
) -> dict[str, bytes]:
    rows = list(rows)
    derive = subject_keys.open_organisation_derivers(organisation_id for organisation_id, _ in rows)
    return {
        f"{organisation_id}|{epoch}": derive[organisation_id](purpose(epoch))
        for organisation_id, epoch in rows
        if organisation_id in derive
    }


def _key_purpose(epoch: int) -> str:
    return f"watermark|{epoch}"


def _audiowmark_key_purpose(epoch: int) -> str:
    return f"audiowmark|{epoch}"
