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
from collections.abc import Mapping, Sequence
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
    token = _find_token(hashes, _load_tokens(scope, hashes), drawn, scope=scope, at=at)
    if token == drawn:
        return token

    making = Clip.objects.filter(id=clip_id, state=ClipState.MAKING)
    return token if making.update(token=token, token_shared=True) else None


def _find_token(
    hashes: Sequence[str], known: Mapping[str, int], drawn: int, *, scope: SoundScope, at: datetime
) -> int:
    """Return the token of the surest name that is known, and name the rest after it."""
    token = next((known[each] for each in hashes if each in known), drawn)
    # Sorted: two callers with the same new names then wait for each other in one order.
    missing = sorted(set(hashes) - known.keys())
    if not missing:
        return token

    same = {"organisation_id": scope.organisation_id, "epoch": scope.epoch}
    rows = [MarkedSound(**same, sound=each, token=token, created_at=at) for each in missing]
    MarkedSound.objects.bulk_create(rows, ignore_conflicts=True)
    if known:
        return token

    # Another caller may have named the same sound since: then this clip follows that one.
    found = _load_tokens(scope, hashes)
    earlier = next((found[each] for each in hashes if found.get(each, drawn) != drawn), drawn)
    if earlier != drawn:
        mine = MarkedSound.objects.filter(**same, sound__in=missing, token=drawn)
        mine.update(token=earlier)
    return earlier


def _load_tokens(scope: SoundScope, hashes: Sequence[str]) -> dict[str, int]:
    rows = MarkedSound.objects.filter(
        organisation_id=scope.organisation_id, epoch=scope.epoch, sound__in=hashes
    )
    return dict(rows.values_list("sound", "token"))


@transactions.requires_transaction
def erase_sounds_of_clips(clips: ClipQuerySet) -> None:
    """Delete what is kept of the sounds of these clips, whose person is erased."""
    same = {name: OuterRef(name) for name in ("organisation", "epoch", "token")}
    MarkedSound.objects.filter(Exists(clips.filter(**same))).delete()


def _hash_sound_name(key: bytes, consent_id: str, name: bytes) -> str:
    parts = (LABEL, consent_id.encode("ascii"), hashlib.sha256(name).digest())
    return hmac.new(key, b"\0".join(parts), hashlib.sha256).hexdigest()
