"""What a job made as one ZIP, written while it is sent: no more than one clip is in memory.

Each clip's stored decision is asked again when its turn comes. A clip that may not leave any more
is left out, and `manifest.json` at the end says why.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from accounts.principal import Principal
from audio.encoding import get_file_ending
from consent import permit_validity
from core import canonical_json, clock, connection_places
from core.clock import Clock
from core.errors import Conflict, SaysoError
from provenance.models import Clip
from vault import key_rings
from voices import clip_access
from voices.models import SETTLED, Job, JobItem, JobState
from voices.speech import job_queue

MANIFEST: Final = "manifest.json"
LONGEST_NAME: Final = 60
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]+")
_FILE_MODE: Final = 0o644


class JobUnfinished(Conflict):
    """The job still has texts that wait or are spoken."""

    code = "job_unfinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZippedFile:
    """One file of the ZIP."""

    name: str
    data: bytes
    made_at: datetime


def open_results(job: Job, *, principal: Principal, now: Clock) -> Iterator[bytes]:
    """Return the parts of the ZIP with the clips of a finished job and `manifest.json`.

    Raises JobUnfinished. While the parts are read: KeyEnded once the caller's key has ended.
    """
    if job.state not in SETTLED:
        raise JobUnfinished("Wait until the job is finished, or cancel it.")

    items = list(job.items.select_related("voice").order_by("position"))
    return write_results_zip(_list_files(job, items, principal=principal, now=now))


def _list_files(
    job: Job, items: list[JobItem], *, principal: Principal, now: Clock
) -> Iterator[ZippedFile]:
    """Yield the clips that may leave, then the manifest."""
    rows: list[canonical_json.Json] = []
    for item in items:
        with key_rings.hold_subject_keys({item.voice.subject}):
            row, file = _read_item(item, principal=principal, now=now)
        rows.append(row)
        # A caller may take as long as it likes, and the next part may be read in another thread.
        connection_places.give_back_connection()
        if file is not None:
            yield file

    at = now()
    body: dict[str, canonical_json.Json] = {
        "object": "job_results",
        "job": job.id,
        "state": job.state,
        "made_at": clock.to_rfc3339(at),
        "items": rows,
    }
    yield ZippedFile(name=MANIFEST, data=canonical_json.dump(body), made_at=at)


def _read_item(
    item: JobItem, *, principal: Principal, now: Clock
) -> tuple[dict[str, canonical_json.Json], ZippedFile | None]:
    """Return what the manifest says of an item, and its file if it may leave."""
    reference = job_queue.open_item_reference(item)
    row: dict[str, canonical_json.Json] = {
        "position": item.position,
        "state": item.state,
        "clip": item.clip_id or None,
        "decision": item.decision_id or None,
        "client_reference": reference or None,
        "file": None,
        "sha256": None,
        "code": item.code or None,
        "reasons": item.reasons,
    }
    if item.state != JobState.DONE:
        return row, None

    permit_validity.check_actor(principal.actor, "download", at=now())
    try:
        clip, data = clip_access.get_clip_audio(item.clip_id, principal=principal, at=now())
    except SaysoError as error:
        reasons: Any = error.facts.get("reasons", [])
        return row | {"code": error.stable_code, "reasons": reasons}, None

    name = choose_file_name(item.position, reference, get_file_ending(clip.codec))
    file = ZippedFile(name=name, data=data, made_at=_get_issue_time(clip, now))
    return row | {"file": name, "sha256": clip.sha256}, file


def choose_file_name(position: int, reference: str, ending: str) -> str:
    """Return the name of a clip's file: its place, and the caller's name for it in plain letters.

    The name leads into no other folder, and no two items have the same one.
    """
    plain = _NOT_PLAIN.sub("-", reference).strip("-.")[:LONGEST_NAME].rstrip("-.")
    return f"{position + 1:04d}{'-' if plain else ''}{plain}.{ending}"


def write_results_zip(files: Iterator[ZippedFile]) -> Iterator[bytes]:
    """Yield a ZIP of these files, part by part. Audio is stored as it is."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            info = zipfile.ZipInfo(file.name, date_time=file.made_at.timetuple()[:6])
            info.external_attr = _FILE_MODE << 16
            archive.writestr(info, file.data)
            yield sink.take()

    yield sink.take()


class _Sink(io.RawIOBase):
    """A file that is only written, and gives back what was written since the last time."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._written.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what was written, and forget it."""
        written, self._written = b"".join(self._written), []
        return written


def _get_issue_time(clip: Clip, now: Clock) -> datetime:
    return clip.issued_at or now()
