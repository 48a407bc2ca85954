"""Rotating the key that signs a log's checkpoints: both sign for an overlap, and the log itself
tells of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core import transactions
from core.clock import to_rfc3339
from core.errors import NotFound
from transparency_log import events
from transparency_log.models import Head
from vault import signing_keys


@transactions.opens_transaction
def rotate_log_key(
    organisation_id: str, *, overlap: timedelta, actor: str, at: datetime
) -> signing_keys.Signer:
    """Give the log a new key; the old one signs beside it until `at + overlap`.

    Logged as `key.rotated`.

    The next checkpoint carries two lines. Tell witnesses and monitors the new key before the
    overlap ends. Raises NotFound for an organisation without a log, ValueError for an empty
    overlap.
    """
    if not Head.objects.filter(organisation_id=organisation_id).exists():
        raise NotFound("There is no such log.")
    before = signing_keys.get_signer("log", organisation_id=organisation_id, at=at)
    new = signing_keys.rotate_signing_key(
        "log", organisation_id=organisation_id, at=at, overlap=overlap
    )
    events.append_event(
        organisation_id=organisation_id,
        livemode=True,
        kind="key.rotated",
        at=at,
        actor=actor,
        subject=None,
        refs={},
        body={
            "purpose": "log",
            "old": before.key_id,
            "new": new.key_id,
            "public_key": new.public_key.hex(),
            "old_signs_until": to_rfc3339(at + overlap),
        },
    )
    return new
