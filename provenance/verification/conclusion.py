"""From what the layers found to one verdict."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.models import Clip, ClipState
from provenance.verification.consent_status import (
    ENDED_FOR_GOOD,
    get_consent_level,
    get_consent_state,
)
from provenance.verification.layers import LayerResult
from provenance.verification.verdict import ClipSummary, MarkSegment, Outcome, VerificationResult


def conclude_verdict(looks: tuple[LayerResult, ...], *, seconds: float = 0.0) -> VerificationResult:
    """Conclude, in this order.

    1. A clip that is here unchanged is spoken of, whatever else was found; what contradicts it is
       in the evidence.
    2. Of several clips in one file the one that may least exist is spoken of: erased, then
       withdrawn, then the others.
    3. Between equals the first in the order of the layers, and of the time in the file.
    """
    evidence = tuple(look.evidence for look in looks)
    exact = next((look.clip for look in looks if look.exact and look.clip is not None), None)
    found = [exact] if exact is not None else list(_list_clips(looks))
    if not found:
        return VerificationResult(
            outcome=Outcome.NOT_FOUND, clip=None, evidence=evidence, seconds=seconds
        )
    shown = [(_summarise_clip(clip), clip) for clip in {clip.id: clip for clip in found}.values()]
    spoken_of = min(shown, key=lambda pair: _rank_standing(*pair))
    return VerificationResult(
        outcome=_choose_outcome(*spoken_of, exact=exact is not None),
        clip=spoken_of[0],
        evidence=evidence,
        stretches=tuple(_list_segments(looks)),
        seconds=seconds,
        others=tuple(one for one, clip in shown if one is not None and clip is not spoken_of[1]),
    )


def _list_clips(looks: tuple[LayerResult, ...]) -> Iterator[Clip]:
    for look in looks:
        if look.clip is not None:
            yield look.clip
        yield from (mark.clip for mark in look.marks if mark.clip is not None)


def _summarise_clip(clip: Clip) -> ClipSummary | None:
    """What may be said of a clip: nothing when its person was erased, or when it never left by our
    hand.
    """
    if not clip.subject or clip.issued_at is None:
        return None
    return ClipSummary(
        id=clip.id,
        issued_at=clip.issued_at,
        organisation=clip.organisation.name,
        consent_state=get_consent_state(clip.consent_id),
        consent_assurance=get_consent_level(clip.consent_id),
        livemode=clip.livemode,
    )


def _rank_standing(shown: ClipSummary | None, clip: Clip) -> int:
    """How far a clip may still exist: 0 erased, 1 withdrawn, 2 permitted."""
    if shown is None:
        return 0
    return 1 if clip.state == ClipState.WITHDRAWN or shown.consent_state in ENDED_FOR_GOOD else 2


def _choose_outcome(shown: ClipSummary | None, clip: Clip, *, exact: bool) -> Outcome:
    if _rank_standing(shown, clip) < 2:
        return Outcome.WITHDRAWN
    return Outcome.ISSUED if exact else Outcome.ALTERED


def _list_segments(looks: tuple[LayerResult, ...]) -> list[MarkSegment]:
    marks = [(mark, mark.clip) for look in looks for mark in look.marks if mark.clip is not None]
    named = {clip.id: _summarise_clip(clip) is not None for _, clip in marks}
    return [
        MarkSegment(
            start_s=mark.start_s, end_s=mark.end_s, clip_id=clip.id if named[clip.id] else None
        )
        for mark, clip in sorted(marks, key=lambda pair: (pair[0].start_s, pair[0].end_s))
    ]
