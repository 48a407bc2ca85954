"""One sound, one token: copies of one unmarked sound carry the same mark, so that their mean carries it too.

If every copy had a token of its own, a caller who has one sentence spoken four times could average the marks away.
So the first clip of a sound keeps the token that was drawn for it, and every later copy takes that one. Sounds are told
apart within one consent and one key: what one person allowed never shares a token with what another did.

What is kept of a sound is a keyed hash: without the organisation's key it says nothing, and it goes with its person.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef

from core import tx
from provenance.models import Clip, ClipQuerySet, ClipState, MarkedSound

LABEL: Final = b"sayso sound v1"


@tx.opened
def settle(clip_id: str, *, key: bytes, sound: bytes, at: datetime) -> int | None:
    """Give the token of a clip in the making, whose unmarked sound is known now; None when it is not made any more.

    `sound` is what makes two clips copies: the provider's samples, or the words of a stream, which leaves before its
    samples are known.
    """
    clip = Clip.objects.get(id=clip_id)
    same = {"organisation_id": clip.organisation_id, "epoch": clip.epoch, "sound": _digest(key, clip.consent_id, sound)}
    known, _ = MarkedSound.objects.get_or_create(**same, defaults={"token": clip.token, "created_at": at})
    if known.token == clip.token:
        return clip.token
    making = Clip.objects.filter(id=clip_id, state=ClipState.MAKING)
    return known.token if making.update(token=known.token, token_shared=True) else None


@tx.required
def forget(clips: ClipQuerySet) -> None:
    """Delete what is kept of the sounds of these clips, whose person is erased."""
    same = {name: OuterRef(name) for name in ("organisation", "epoch", "token")}
    MarkedSound.objects.filter(Exists(clips.filter(**same))).delete()


def _digest(key: bytes, consent_id: str, sound: bytes) -> str:
    parts = (LABEL, consent_id.encode("ascii"), hashlib.sha256(sound).digest())
    return hmac.new(key, b"\0".join(parts), hashlib.sha256).hexdigest()
