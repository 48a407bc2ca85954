"""One sound, one token: copies of one unmarked sound carry the same mark, so that their mean
carries it too.

If every copy had a token of its own, a caller who has one sentence spoken four times could average
the marks away. So the first clip of a sound keeps the token that was drawn for it, and every later
copy takes that one. Sounds are told apart within one consent and one key: what one person allowed
never shares a token with what another did.

A sound has several names (its samples, and its words with their length), so that an engine that
gives nearly the same sound twice gives one sound. What is kept is a keyed hash of each: without the
organisation's key it says nothing, and it goes with its person.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef

from core import transactions
from provenance.models import Clip, ClipQuerySet, ClipState, MarkedSound

LABEL: Final = b"sayso sound v1"


@transactions.opens_transaction
def settle_token(clip_id: str, *, key: bytes, names: Sequence[bytes], at: datetime) -> int | None:
    """Give the token of a clip in the making, whose unmarked sound is known now; None when it is
    not made any more.

    `names` say what makes two clips copies, the surest first: the token is that of the first name
    that is known.
    """
    columns = ("organisation_id", "consent_id", "epoch", "token")
    organisation_id, consent_id, epoch, drawn = Clip.objects.values_list(*columns).get(id=clip_id)
    same = {"organisation_id": organisation_id, "epoch": epoch}
    hashes = [_hash_sound_name(key, consent_id, name) for name in names]
    known = dict(MarkedSound.objects.filter(**same, sound__in=hashes).values_list("sound", "token"))
    token = next((known[each] for each in hashes if each in known), drawn)

    for each in reversed(
        hashes
    ):  # the surest last, so that it follows whoever was faster with another
        if each not in known:
            row = MarkedSound(**same, sound=each, token=token, created_at=at)
            MarkedSound.objects.bulk_create([row], ignore_conflicts=True)
            token = MarkedSound.objects.values_list("token", flat=True).get(**same, sound=each)

    if token == drawn:
        return token
    making = Clip.objects.filter(id=clip_id, state=ClipState.MAKING)
    return token if making.update(token=token, token_shared=True) else None


@transactions.requires_transaction
def forget_sounds(clips: ClipQuerySet) -> None:
    """Delete what is kept of the sounds of these clips, whose person is erased."""
    same = {name: OuterRef(name) for name in ("organisation", "epoch", "token")}
    MarkedSound.objects.filter(Exists(clips.filter(**same))).delete()


def _hash_sound_name(key: bytes, consent_id: str, name: bytes) -> str:
    parts = (LABEL, consent_id.encode("ascii"), hashlib.sha256(name).digest())
    return hmac.new(key, b"\0".join(parts), hashlib.sha256).hexdigest()
