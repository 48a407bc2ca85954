"""Progress of a stream: what may have left of a clip in the making, written before it leaves.

A process that dies cannot say what it sent. So it notes beforehand how much may leave until
its next note, and the hash of the bytes that are made by then.
"""

from __future__ import annotations

from dataclasses import dataclass

from core import transactions
from provenance.clips.clip_fields import ClipDelivery
from provenance.clips.errors import ClipAlreadySettled
from provenance.clips.log_body import LoggedTerms, PartialDelivery
from provenance.models import Clip, ClipState, StreamProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAtMost:
    """The most that can leave of a stream until the next note.

    `sha256` is the hash of the first `hashed_size` bytes.
    """

    size: int
    hashed_size: int
    sha256: str
    duration_ms: int
    characters: int


@transactions.requires_transaction
def begin_progress(clip_id: str, sent: SentAtMost, *, codec: str, media_type: str) -> None:
    """Note what the first piece needs.

    Raises ClipAlreadySettled when the clip is not in the making.
    """
    making = Clip.objects.filter(id=clip_id, state=ClipState.MAKING)
    if not making.select_for_update(no_key=True).exists():
        raise _settled_error(clip_id)
    StreamProgress.objects.create(
        clip_id=clip_id, codec=codec, media_type=media_type, **_read_columns(sent)
    )


def note_progress(clip_id: str, sent: SentAtMost) -> None:
    """Note more. Raises ClipAlreadySettled when the clip is not in the making."""
    if not StreamProgress.objects.filter(clip_id=clip_id).update(**_read_columns(sent)):
        raise _settled_error(clip_id)


def find_sent_part(clip_id: str, *, said: LoggedTerms) -> PartialDelivery | None:
    """Return the most that can have left of a stream whose process died, None for no stream."""
    found = StreamProgress.objects.filter(clip_id=clip_id).first()
    if found is None:
        return None
    sent = ClipDelivery(
        sha256=found.sha256,
        sha256_pcm="",
        codec=found.codec,
        media_type=found.media_type,
        size=found.size,
        duration_ms=found.duration_ms,
    )
    return PartialDelivery(
        sent=sent, characters=found.characters, said=said, hashed_size=found.hashed_size
    )


def forget_progress(clip_id: str) -> None:
    """Delete the progress of a clip that is settled."""
    StreamProgress.objects.filter(clip_id=clip_id).delete()


def _read_columns(sent: SentAtMost) -> dict[str, int | str]:
    return {name: getattr(sent, name) for name in sent.__slots__}


def _settled_error(clip_id: str) -> ClipAlreadySettled:
    return ClipAlreadySettled("This clip was given up in the meantime.", facts={"clip": clip_id})
