"""Feedback on answers of the verify page, taken without a name and deleted after half a year.

A free detection tool has to ask for feedback on its answers (California's AI Transparency Act, SB
942, 22757.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from core import ids, shown_text, transactions
from core.errors import Fault, Invalid
from provenance import anonymous_rate_limit
from provenance.models import Clip, ClipState, Feedback, Opinion
from vault import sealed_values, subject_keys

KEEP: Final = timedelta(days=180)
MOST_WORDS: Final = 1000
A_MINUTE: Final = 5
_SHOWN: Final = (ClipState.ISSUED, ClipState.WITHDRAWN)


def give_feedback(
    *,
    opinion: str,
    words: str,
    verdict: str,
    clip_id: str,
    language: str,
    address: str,
    at: datetime,
) -> Feedback:
    """Store one opinion, for the organisation of its clip or else for the operator.

    The address is counted and not stored.

    Raises Invalid, and RateLimited after five opinions a minute from one address.
    """
    if opinion not in Opinion.values:
        detail = "Choose one of the answers."
        raise Invalid(detail, faults=(Fault(code="required", detail=detail, attr="opinion"),))

    said = _clean_words(words)
    anonymous_rate_limit.count_request(address, at=at, kind="feedback", limit=A_MINUTE)

    clip = (
        Clip.objects.filter(id=clip_id, state__in=_SHOWN).first()
        if ids.is_id(clip_id, "clp")
        else None
    )
    sealed = _seal_words(clip, said) if clip and said else None
    return Feedback.objects.create(
        organisation_id=clip.organisation_id if clip else None,
        clip_id=clip.id if clip else "",
        opinion=opinion,
        verdict=verdict,
        words="" if sealed else said,
        sealed_words=sealed,
        language=language,
        created_at=at,
    )


def _clean_words(words: str) -> str:
    """Return the words as they are shown to the members. Raises Invalid for too many."""
    said = shown_text.tame_text(words)
    if len(said) > MOST_WORDS:
        detail = f"More than {MOST_WORDS} characters."
        raise Invalid(detail, faults=(Fault(code="max_length", detail=detail, attr="words"),))

    return said


def list_general_feedback() -> Iterator[Feedback]:
    """Yield the opinions that concern no organisation's clip, oldest first, for the operator."""
    yield from Feedback.objects.filter(organisation=None).order_by("created_at", "id").iterator()


def open_feedback_words(row: Feedback) -> str:
    """Return the words of an opinion, or "" when the person in the clip is erased."""
    if row.sealed_words is None:
        return row.words

    clip = Clip.objects.filter(id=row.clip_id).exclude(subject="").first()
    if clip is None:
        return ""

    try:
        return str(
            sealed_values.unseal(clip.subject, _seal_context(row.clip_id), bytes(row.sealed_words))
        )
    except subject_keys.KeyDestroyed:
        return ""


@transactions.requires_transaction
def erase_feedback_of_subject(subject: str) -> int:
    """Delete the words about this person's clips, and return how many opinions there were.

    This comes before the clips lose their `subject`.
    """
    theirs = Clip.objects.filter(subject=subject).values("id")
    return Feedback.objects.filter(clip_id__in=theirs).update(words="", sealed_words=None)


def _seal_words(clip: Clip, words: str) -> bytes | None:
    """Seal words under the speaker's key, or return None for a clip whose speaker is erased."""
    return sealed_values.seal(clip.subject, _seal_context(clip.id), words) if clip.subject else None


def _seal_context(clip_id: str) -> str:
    return f"feedback|{clip_id}"


def delete_old_feedback(*, at: datetime) -> int:
    """Delete the opinions that are older than half a year, and return how many."""
    return Feedback.objects.filter(created_at__lte=at - KEEP).delete()[0]
