"""After a restore: accept the shorter logs openly, and erase again everybody who was erased since the backup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from accounts.clock import now_for
from accounts.models import Organisation
from consent.models import Speaker
from core.clock import Clock
from core.errors import Unavailable
from provenance import recovery
from voices.erasure import carrying, services, tombstones
from voices.erasure.tombstones import Tombstone
from voices.models import Erasure, ErasureState

ACTOR: Final = "operator:restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The logs found shorter than published, how many persons were erased again, and how many erasures still wait."""

    logs: tuple[str, ...]
    persons: int
    waiting: int


def replay(*, now: Clock) -> Replayed:
    """Do both. Restoring twice, or being killed in between, does no harm: what is done is found done."""
    organisations = Organisation.objects.order_by("pk")
    logs = tuple(each.id for each in organisations if _recovered(each, now=now))
    # Whoever carried an erasure when the backup was made is gone.
    Erasure.objects.filter(state=ErasureState.RUNNING).update(lease_until=None)
    done = [_erased_again(stone, now=now) for stone in tombstones.read()]
    return Replayed(logs=logs, persons=done.count(True), waiting=done.count(False))


def _recovered(organisation: Organisation, *, now: Clock) -> bool:
    try:
        recovery.recover(organisation.id, reason="restored_backup", actor=ACTOR, at=now())
    except recovery.NothingToRecover:
        return False
    return True


def _erased_again(stone: Tombstone, *, now: Clock) -> bool | None:
    """True: erased by this call. False: begun, but a provider is away. None: there was nothing to do."""
    speaker = (
        Speaker.objects.filter(id=stone.speaker)
        .exclude(state=Speaker.State.ERASED)
        .select_related("organisation")
        .first()
    )
    if speaker is None:
        return None
    erasure = services.request(
        speaker.id,
        organisation=speaker.organisation,
        livemode=speaker.livemode,
        reason="restored",
        actor=ACTOR,
        at=now_for(speaker.organisation, livemode=speaker.livemode, real=now()),
        real=now(),
    )
    try:
        carrying.carry_on(erasure.id, now=now)
    except Unavailable:  # nothing of the person can be used; the sweep asks the provider again
        return False
    return True
