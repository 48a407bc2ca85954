"""Completion of a restore: accept the shorter logs openly, and repeat erasures since the backup.

1. Recover each log that is shorter than its anchor, under a new name.
2. Free every running erasure of its old lease.
3. Erase again each person of the tombstones who is back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from accounts.models import Organisation
from accounts.sandbox_clock import now_for
from consent.models import Speaker
from core.clock import Clock
from core.errors import Unavailable
from core.leases import LeaseLost
from erasure import erasure_requests, execution, tombstones
from erasure.models import Erasure, ErasureState
from erasure.tombstones import Tombstone
from transparency_log import recovery

ACTOR: Final = "operator:restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The logs that were recovered, the persons erased again, and the erasures that still wait."""

    logs: tuple[str, ...]
    persons: int
    waiting: int


def complete_restore(*, now: Clock) -> Replayed:
    """Recover the logs, end the leases of lost workers, and repeat the erasures since the backup.

    Repeating this does no harm: steps that are done stay done.
    """
    organisations = Organisation.objects.order_by("pk")
    logs = tuple(each.id for each in organisations if _recover_log(each, now=now))

    # The workers that held leases when the backup was made do not exist any more.
    Erasure.objects.filter(state=ErasureState.RUNNING).update(lease_until=None)

    done = [_erase_again(stone, now=now) for stone in tombstones.read_tombstones().stones]

    return Replayed(logs=logs, persons=done.count(True), waiting=done.count(False))


def _recover_log(organisation: Organisation, *, now: Clock) -> bool:
    try:
        recovery.recover_log(organisation.id, reason="restored_backup", actor=ACTOR, at=now())
    except recovery.NothingToRecover:
        return False

    return True


def _erase_again(stone: Tombstone, *, now: Clock) -> bool | None:
    """Erase a person again.

    Returns True if this call erased them, False if a provider is away, None if there was nothing to
    do.
    """
    speaker = (
        Speaker.objects.filter(id=stone.speaker)
        .exclude(state=Speaker.State.ERASED)
        .select_related("organisation")
        .first()
    )
    if speaker is None:
        return None

    erasure = erasure_requests.request_erasure(
        speaker.id,
        organisation=speaker.organisation,
        livemode=speaker.livemode,
        reason="restored",
        actor=ACTOR,
        at=now_for(speaker.organisation, livemode=speaker.livemode, wall_time=now()),
        wall_time=now(),
    )

    try:
        execution.continue_erasure(erasure.id, now=now)
    except (Unavailable, LeaseLost):
        # Nothing of the person can be used. The sweep calls the provider again.
        return False

    return True
