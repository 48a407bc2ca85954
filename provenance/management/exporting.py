"""Giving an audiowmark key away: a key file that its owner alone can read, and an entry in the organisation's log."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from core import tx
from core.errors import NotFound
from provenance import audiowmark, log, marks, second_mark
from provenance.audiowmark import keys
from provenance.models import MarkKey


def write_key(path: Path, key: audiowmark.Key) -> None:
    """Write a key file with mode 0600. Raises OSError, FileExistsError among them: nothing is overwritten."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(keys.written(key))


@tx.opened
def export_key(path: Path, organisation_id: str, epoch: int | None, *, at: datetime) -> None:
    """Write the key of an organisation's second marks of one year (the last one without `epoch`), and log it.

    Raises NotFound when it made no marks then, KeyDestroyed, and OSError.
    """
    known = MarkKey.objects.filter(organisation_id=organisation_id)
    if epoch is not None:
        known = known.filter(epoch=epoch)
    row = known.order_by("-epoch").first()
    if row is None:
        raise NotFound("This organisation made no marks then.")
    secret = marks.second_key(organisation_id, row.epoch, at=at)
    log.append(
        organisation_id=organisation_id,
        livemode=True,
        kind="mark_key.exported",
        at=at,
        actor="system:command",
        subject=None,
        refs={},
        body={"scheme": audiowmark.SCHEME, "epoch": row.epoch},
    )
    write_key(path, second_mark.key_of(secret, f"{organisation_id}|{row.epoch}"))
