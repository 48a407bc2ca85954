"""After a restored backup: an operator accepts the shorter history, which is itself an event, under a new name.

The old name's checkpoints stay true of a history that is partly lost; going on under it would show two histories.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from django.db import transaction

from core.errors import Conflict, Invalid
from provenance import log
from provenance.ledger import anchors, checkpoints, sequencer
from provenance.ledger.anchors import Anchor
from provenance.models import Head

_REASON: Final = re.compile(r"[a-z][a-z0-9_]{2,63}\Z")


class NothingToRecover(Conflict):
    """The log continues what was published; there is no loss to accept."""

    code = "log_nothing_to_recover"


def recover(organisation_id: str, *, reason: str, actor: str, at: datetime) -> str:
    """Accept what the database holds as the log from now on; give its new origin.

    Writes `log.recovered` with the lost and the found size and root, and publishes. `reason` is a code: entries are for
    ever. Not inside a transaction. Raises NothingToRecover, Invalid.
    """
    if not _REASON.match(reason):
        raise Invalid("The reason is a short code such as restored_backup.")
    with anchors.current().hold(organisation_id) as anchor:
        origin = _begin(organisation_id, anchor.read(), reason=reason, actor=actor, at=at)
    sequencer.settle(organisation_id, at=at)
    return origin


@transaction.atomic(durable=True)
def _begin(organisation_id: str, known: Anchor | None, *, reason: str, actor: str, at: datetime) -> str:
    head = sequencer.locked_head(organisation_id)
    if known is None or not _mismatch(head, known):
        raise NothingToRecover("The log continues what was published.")
    head.generation = max(head.generation, known.generation) + 1
    Head.objects.filter(organisation_id=organisation_id).update(generation=head.generation)
    log.append(
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
            "lost_size": known.size,
            "lost_root": known.root.hex(),
            "found_size": head.size,
            "found_root": bytes(head.root).hex(),
        },
    )
    return head.name


def _mismatch(head: Head, known: Anchor) -> bool:
    try:
        checkpoints.compare(head, known)
    except checkpoints.AnchorMismatch:
        return True
    return False
