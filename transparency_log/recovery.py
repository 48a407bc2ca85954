"""Recovery of a log after a restored backup.

An operator accepts the shorter history. This is an event of the log, and the log goes on under a
new name. The checkpoints of the old name stay true of a history that is partly lost. Under the old
name the log would show two histories.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from core.errors import Conflict, Invalid
from core.hooks import Signal
from transparency_log import anchors, checkpoints, events, sequencer
from transparency_log.anchors import Anchor
from transparency_log.models import Head

MOST_GENERATIONS: Final = 1000
_REASON: Final = re.compile(r"[a-z][a-z0-9_]{2,63}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class LostHistory:
    """A loss that was accepted: whose log, by whom, and when, in real time."""

    organisation_id: str
    actor: str
    at: datetime


history_lost: Final = Signal[LostHistory]("transparency_log.recovery.history_lost")
"""Sent in the transaction that accepts a loss, after its entry was written."""


class NothingToRecover(Conflict):
    """The log continues what was published. There is no loss to accept."""

    code = "log_nothing_to_recover"


def recover_log(
    organisation_id: str, *, reason: str, actor: str, at: datetime, last_generation: int = 1
) -> str:
    """Accept what the database holds as the log from now on. Return the log's new origin.

    For a database that is older than the anchor, for a lost anchor, or both. If both are lost,
    neither knows the generation that was published last. Then `last_generation` names it: the
    number at the end of the log's last name, 1 without one. `reason` is a code, because entries are
    never erased.

    Appends `log.recovered` with the lost and the found size and root, has upper rooms do what
    follows (`history_lost`), and publishes. Must not run inside a transaction.

    Raises NothingToRecover, Invalid.
    """
    if not _REASON.match(reason):
        raise Invalid("The reason is a short code such as restored_backup.")
    if not 1 <= last_generation <= MOST_GENERATIONS:
        raise Invalid(f"A log has 1 to {MOST_GENERATIONS} generations.")

    with anchors.get_anchors().hold(organisation_id) as anchor:
        known = anchor.read()
        origin = _begin_generation(
            organisation_id, known, last=last_generation, reason=reason, actor=actor, at=at
        )

    sequencer.settle_log(organisation_id, at=at)

    return origin


@transaction.atomic(durable=True)
def _begin_generation(
    organisation_id: str, known: Anchor | None, *, last: int, reason: str, actor: str, at: datetime
) -> str:
    head = sequencer.lock_head(organisation_id)
    if not (checkpoints.was_published(head) if known is None else _is_mismatch(head, known)):
        raise NothingToRecover("The log continues what was published.")

    head.generation = max(head.generation, last, known.generation if known else 0) + 1
    Head.objects.filter(organisation_id=organisation_id).update(generation=head.generation)

    events.append_event(
        organisation_id=organisation_id,
        livemode=True,
        kind="log.recovered",
        at=at,
        actor=actor,
        subject=None,
        refs={},
        body={
            "reason": reason,
            "generation": head.generation,
            "lost_size": known.size if known else None,
            "lost_root": known.root.hex() if known else None,
            "found_size": head.size,
            "found_root": bytes(head.root).hex(),
        },
    )

    history_lost.send(LostHistory(organisation_id=organisation_id, actor=actor, at=at))

    return head.name


def _is_mismatch(head: Head, known: Anchor) -> bool:
    try:
        checkpoints.compare_with_anchor(head, known)
    except checkpoints.AnchorMismatch:
        return True

    return False
