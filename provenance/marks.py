"""Which key and which token a mark is made with, and which keys a search for marks has to try."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from accounts import policy
from core.canonical import Json
from provenance import second_mark, watermark
from provenance.models import Clip, MarkKey
from provenance.second_mark import Second
from vault import keys

TOKEN_BITS: Final = 32
POLICY: Final = "watermark_schemes"
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
    return _all_of(MarkKey.objects.all(), _purpose, first)


def second_key(organisation_id: str, epoch: int, *, at: datetime) -> bytes:
    """The key of the second mark (audiowmark's scheme): derived for itself, so that giving it away gives away no more.

    Raises KeyDestroyed.
    """
    return keys.derive(keys.of_organisation(organisation_id, at=at), _second_purpose(epoch))


def second_wanted(organisation_id: str) -> bool:
    """Whether the organisation's policy has long clips carry the second mark; without an entry they do."""
    schemes = policy.of(organisation_id).get(POLICY)
    return second_mark.SCHEME in schemes if isinstance(schemes, list) else True


def check_policy(value: Json) -> None:
    """Raise ValueError unless `value` is a list of schemes with our own among them."""
    known = (watermark.SCHEME, second_mark.SCHEME)
    if (
        not isinstance(value, list)
        or not all(name in known for name in value)
        or len(set(map(str, value))) < len(value)
    ):
        raise ValueError(f"must be a list of {' and '.join(known)}, each at most once")
    if watermark.SCHEME not in value:
        raise ValueError(f"must name {watermark.SCHEME}: no clip leaves without it")


def register_policy() -> None:
    """Make the policy's entry known."""
    policy.register(
        policy.Entry(
            name=POLICY,
            help="Which schemes mark clips: our own always, audiowmark beside it in clips of 15 seconds and more.",
            example=[watermark.SCHEME, second_mark.SCHEME],
            check=check_policy,
        )
    )


def second_of(clip_id: str, organisation_id: str, epoch: int, *, at: datetime) -> Second | None:
    """The second mark that a clip should carry when it is long enough; None when the organisation wants none.

    Raises KeyDestroyed.
    """
    if not second_wanted(organisation_id):
        return None
    key = second_mark.key_of(second_key(organisation_id, epoch, at=at), f"{organisation_id}|{epoch}")
    return Second(clip_id=clip_id, key=key)


def seconds_in_use(*, first: str = "") -> dict[str, bytes]:
    """The keys of all second marks that clips carry, by name, as `in_use` gives those of our own mark."""
    return _all_of(MarkKey.objects.filter(second=True), _second_purpose, first)


def note_second(clip: Clip) -> None:
    """Remember that a clip of this epoch carries the second mark, if it does, so that a search tries its key."""
    if clip.second_marks:
        MarkKey.objects.filter(organisation_id=clip.organisation_id, epoch=clip.epoch, second=False).update(second=True)


def named(name: str) -> tuple[str, int]:
    """Organisation and epoch of a key's name."""
    organisation_id, _, epoch = name.rpartition("|")
    return organisation_id, int(epoch)


def _derive(organisation_id: str, epoch: int, *, at: datetime) -> bytes:
    _, derive = keys.opened(None, organisation_id=organisation_id, at=at)
    return derive(_purpose(epoch))


def _all_of(known: QuerySet[MarkKey], purpose: Callable[[int], str], first: str) -> dict[str, bytes]:
    rows = list(known.order_by("-epoch", "organisation_id").values_list("organisation_id", "epoch"))
    rows.sort(key=lambda row: row[0] != first)
    derive = keys.derivers_of(organisation_id for organisation_id, _ in rows)
    return {
        f"{organisation_id}|{epoch}": derive[organisation_id](purpose(epoch))
        for organisation_id, epoch in rows
        if organisation_id in derive
    }


def _purpose(epoch: int) -> str:
    return f"watermark|{epoch}"


def _second_purpose(epoch: int) -> str:
    return f"audiowmark|{epoch}"
