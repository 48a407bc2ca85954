"""Export of an audiowmark key: a key file that only its owner can read, and a log entry."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from core import transactions
from core.errors import NotFound
from provenance.clips import audiowmark_layer, watermark_keys
from provenance.models import MarkKey
from transparency_log import events
from watermark import audiowmark
from watermark.audiowmark import key_files


def write_key(path: Path, key: audiowmark.AudiowmarkKey) -> None:
    """Write a new key file with mode 0600.

    Raises OSError, and FileExistsError for a file that exists already.
    """
    with os.fdopen(
        os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(key_files.format_key_file(key))


@transactions.opens_transaction
def export_key(path: Path, organisation_id: str, epoch: int | None, *, at: datetime) -> None:
    """Write and log the key of an organisation's audiowmark layer.

    `epoch` is the year of the key. None is the last one of live data.

    Raises NotFound when the organisation made no marks in that year, KeyDestroyed, and OSError.
    """
    known = MarkKey.objects.filter(organisation_id=organisation_id)
    if epoch is None:
        known = known.exclude(epoch=watermark_keys.TEST_EPOCH)
    else:
        known = known.filter(epoch=epoch)

    row = known.order_by("-epoch").first()
    if row is None:
        raise NotFound("This organisation made no marks then.")

    secret = watermark_keys.derive_audiowmark_key(organisation_id, row.epoch, at=at)

    events.append_event(
        organisation_id=organisation_id,
        livemode=True,
        kind="mark_key.exported",
        at=at,
        actor="system:command",
        subject=None,
        refs={},
        body={"scheme": audiowmark.SCHEME, "epoch": row.epoch},
    )
    write_key(path, audiowmark_layer.to_audiowmark_key(secret, f"{organisation_id}|{row.epoch}"))
