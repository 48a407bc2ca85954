"""The conclusion of one verdict from what the layers found."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.consent_status import (
    get_consent_level,
    get_consent_state,
    has_ended_for_good,
)
from provenance.models import Clip, ClipState
from provenance.verification.layers import LayerResult
from provenance.verification.verdict import (
    ClipSummary,
    LayerEvidence,
    MarkSegment,
    Outcome,
    VerificationResult,
)


def conclude_verdict(
    results: tuple[LayerResult, ...], *, seconds: float = 0.0
) -> VerificationResult:
    """Conclude one verdict, in this order.

    1. A clip that is here unchanged decides, against all else. What contradicts it is in the
       evidence.
    2. Of several clips in one file, the one that may least exist decides: erased, then withdrawn,
       then the others.
    3. Between equals the first decides, in the order of the layers and of the time in the file.
    """
    evidence = tuple(result.evidence for result in results)

    # 1. A clip that is here unchanged.
    exact = next(
        (result.clip for result in results if result.exact and result.clip is not None), None
    )
    found = [exact] if exact is not None else list(_list_clips(results))
    if not found:
        return VerificationResult(
            outcome=Outcome.NOT_FOUND, clip=None, evidence=evidence, seconds=seconds
        )

    # 2. The clip that may least exist. 3. `min` returns the first of equals.
    shown = [(_summarise_clip(clip), clip) for clip in {clip.id: clip for clip in found}.values()]
    decisive = min(shown, key=lambda pair: _rank_existence(*pair))
    evidence = tuple(_explain_absent_mark(one, decisive[1]) for one in evidence)

    return VerificationResult(
        outcome=_choose_outcome(*decisive, exact=exact is not None),
        clip=decisive[0],
        evidence=evidence,
        stretches=tuple(_list_segments(results)),
        seconds=seconds,
        others=tuple(one for one, clip in shown if one is not None and clip is not decisive[1]),
    )


def _explain_absent_mark(evidence: LayerEvidence, clip: Clip) -> LayerEvidence:
    """Return the evidence, and of a clip that was too short to carry a mark that it has none."""
    absent = evidence.layer == "watermark" and evidence.result == "absent"
    if absent and clip.mark_reason == "too_short":
        return LayerEvidence(layer="watermark", result="too_short")

    return evidence


def _list_clips(results: tuple[LayerResult, ...]) -> Iterator[Clip]:
    for result in results:
        if result.clip is not None:
            yield result.clip
        yield from (mark.clip for mark in result.marks if mark.clip is not None)


def _summarise_clip(clip: Clip) -> ClipSummary | None:
    """Return what may be published of a clip.

    The result is None when its person was erased, or when it was never issued.
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


def _rank_existence(shown: ClipSummary | None, clip: Clip) -> int:
    """Return how far a clip may still exist: 0 erased, 1 withdrawn, 2 permitted."""
    if shown is None:
        return 0
    if clip.state == ClipState.WITHDRAWN or has_ended_for_good(shown.consent_state):
        return 1

    return 2


def _choose_outcome(shown: ClipSummary | None, clip: Clip, *, exact: bool) -> Outcome:
    if _rank_existence(shown, clip) < 2:
        return Outcome.WITHDRAWN
    return Outcome.ISSUED if exact else Outcome.ALTERED


def _list_segments(results: tuple[LayerResult, ...]) -> list[MarkSegment]:
    marks = [(mark, mark.clip) for one in results for mark in one.marks if mark.clip is not None]
    named = {clip.id: _summarise_clip(clip) is not None for _, clip in marks}

    return [
        MarkSegment(
            start_s=mark.start_s, end_s=mark.end_s, clip_id=clip.id if named[clip.id] else None
        )
        for mark, clip in sorted(marks, key=lambda pair: (pair[0].start_s, pair[0].end_s))
    ]
