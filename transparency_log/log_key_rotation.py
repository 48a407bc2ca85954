"""Rotation of the key that signs a log's checkpoints."""

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
    """Rotate the log's key and return the new one. The old one also signs until `at + overlap`.

    Appends `key.rotated`. The next checkpoint carries two signature lines. Announce the new key to
    witnesses and monitors before the overlap ends.

    Raises NotFound for an organisation without a log, ValueError for an empty overlap.
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
