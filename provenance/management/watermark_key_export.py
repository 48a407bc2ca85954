"""Giving an audiowmark key away: a key file that its owner alone can read, and an entry in the
organisation's log.
"""

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
    """Write a key file with mode 0600.

    Raises OSError, FileExistsError among them: nothing is overwritten.
    """
    with os.fdopen(
        os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(key_files.format_key_file(key))


@transactions.opens_transaction
def export_key(path: Path, organisation_id: str, epoch: int | None, *, at: datetime) -> None:
    """Write the key of an organisation's second marks of one year (the last one without `epoch`),
    and log it.

    Raises NotFound when it made no marks then, KeyDestroyed, and OSError.
    """
    known = MarkKey.objects.filter(organisation_id=organisation_id)
    if epoch is not None:
        known = known.filter(epoch=epoch)
    row = known.order_by("-epoch").first()
    if row is None:
        raise NotFound("This organisation made no marks then.")
    secret = watermark_keys.derive_second_key(organisation_id, row.epoch, at=at)
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
