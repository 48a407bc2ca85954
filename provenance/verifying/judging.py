"""From what the layers found to one verdict."""

from __future__ import annotations

from provenance.models import Clip, ClipState
from provenance.verifying.consents import ENDED_FOR_GOOD, state_of
from provenance.verifying.looking import Look
from provenance.verifying.verdicts import FoundClip, Outcome, Stretch, Verdict


def judge(looks: tuple[Look, ...], *, seconds: float = 0.0) -> Verdict:
    """Conclude. `looks` in the order of their weight: the first that found a clip decides which one is spoken of."""
    evidence = tuple(look.evidence for look in looks)
    best = next((look for look in looks if look.clip is not None), None)
    if best is None or best.clip is None:
        return Verdict(outcome=Outcome.NOT_FOUND, clip=None, evidence=evidence, seconds=seconds)
    clip = found_clip(best.clip)
    return Verdict(
        outcome=_outcome(best.clip, clip, exact=best.exact),
        clip=clip,
        evidence=evidence,
        stretches=tuple(_stretches(looks)),
        seconds=seconds,
    )


def found_clip(clip: Clip) -> FoundClip | None:
    """What may be said of a clip: nothing when its person was erased, or when it never left by our hand."""
    if clip.state not in {ClipState.ISSUED, ClipState.WITHDRAWN} or clip.issued_at is None:
        return None
    return FoundClip(
        id=clip.id,
        issued_at=clip.issued_at,
        organisation=clip.organisation.name,
        consent_state=state_of(clip.consent_id),
    )


def _outcome(clip: Clip, shown: FoundClip | None, *, exact: bool) -> Outcome:
    if shown is None or clip.state == ClipState.WITHDRAWN or shown.consent_state in ENDED_FOR_GOOD:
        return Outcome.WITHDRAWN
    return Outcome.ISSUED if exact else Outcome.ALTERED


def _stretches(looks: tuple[Look, ...]) -> list[Stretch]:
    marks = [mark for look in looks for mark in look.marks if mark.clip is not None]
    shown = {mark.clip.id: found_clip(mark.clip) for mark in marks if mark.clip is not None}
    return [
        Stretch(
            start_s=mark.start_s,
            end_s=mark.end_s,
            clip_id=mark.clip.id if mark.clip is not None and shown[mark.clip.id] is not None else None,
        )
        for mark in sorted(marks, key=lambda mark: (mark.start_s, mark.end_s))
    ]
