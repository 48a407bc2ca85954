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
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef

from core import transactions
from provenance.models import Clip, ClipQuerySet, ClipState, MarkedSound

LABEL: Final = b"sayso sound v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundScope:
    """Within which sounds are told apart: one consent, under one watermark key."""

    organisation_id: str
    consent_id: str
    epoch: int


@transactions.opens_transaction
def settle_token(
    clip_id: str,
    *,
    drawn: int,
    key: bytes,
    scope: SoundScope,
    names: Sequence[bytes],
    at: datetime,
) -> int | None:
    """Return the token of a clip in the making, now that its unmarked sound is known.

    `names` say what makes two clips copies, the surest first. The token is that of the first name
    that is known, else the `drawn` one. Returns None when the clip is not made any more.
    """
    hashes = [_hash_sound_name(key, scope.consent_id, name) for name in names]
    token = _name_sound(hashes, drawn, scope=scope, at=at)
    if token == drawn:
        return token

    making = Clip.objects.filter(id=clip_id, state=ClipState.MAKING)
    return token if making.update(token=token, token_shared=True) else None


def _name_sound(hashes: Sequence[str], drawn: int, *, scope: SoundScope, at: datetime) -> int:
    """Name a sound after `drawn`, or after the clip that had one of its names before.

    Returns the token of the surest name that was known. The names that were new follow it.
    """
    same = {"organisation_id": scope.organisation_id, "epoch": scope.epoch}
    # Sorted: two callers with the same new names then wait for each other in one order.
    rows = [
        MarkedSound(**same, sound=each, token=drawn, created_at=at) for each in sorted(set(hashes))
    ]
    MarkedSound.objects.bulk_create(rows, ignore_conflicts=True)

    # Read after the insertion: it has waited for every caller who was naming the same sound.
    named = MarkedSound.objects.filter(**same, sound__in=hashes)
    found = dict(named.values_list("sound", "token"))
    token = next((found[each] for each in hashes if found.get(each, drawn) != drawn), drawn)
    if token != drawn and drawn in found.values():
        named.filter(token=drawn).update(token=token)

    return token


@transactions.requires_transaction
def erase_sounds_of_clips(clips: ClipQuerySet) -> None:
    """Delete what is kept of the sounds of these clips, whose person is erased."""
    same = {name: OuterRef(name) for name in ("organisation", "epoch", "token")}
    MarkedSound.objects.filter(Exists(clips.filter(**same))).delete()


def _hash_sound_name(key: bytes, consent_id: str, name: bytes) -> str:
    parts = (LABEL, consent_id.encode("ascii"), hashlib.sha256(name).digest())
    return hmac.new(key, b"\0".join(parts), hashlib.sha256).hexdigest()
