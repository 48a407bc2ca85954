"""From what the layers found to one verdict."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.models import Clip, ClipState
from provenance.verifying.consents import ENDED_FOR_GOOD, level_of, state_of
from provenance.verifying.looking import Look
from provenance.verifying.verdicts import FoundClip, Outcome, Stretch, Verdict


def judge(looks: tuple[Look, ...], *, seconds: float = 0.0) -> Verdict:
    """Conclude, in this order.

    1. A clip that is here unchanged is spoken of, whatever else was found; what contradicts it is in the evidence.
    2. Of several clips in one file the one that may least exist is spoken of: erased, then withdrawn, then the others.
    3. Between equals the first in the order of the layers, and of the time in the file.
    """
    evidence = tuple(look.evidence for look in looks)
    exact = next((look.clip for look in looks if look.exact and look.clip is not None), None)
    found = [exact] if exact is not None else list(_clips(looks))
    if not found:
        return Verdict(outcome=Outcome.NOT_FOUND, clip=None, evidence=evidence, seconds=seconds)
    shown = [(_shown(clip), clip) for clip in {clip.id: clip for clip in found}.values()]
    spoken_of = min(shown, key=lambda pair: _standing(*pair))
    return Verdict(
        outcome=_outcome(*spoken_of, exact=exact is not None),
        clip=spoken_of[0],
        evidence=evidence,
        stretches=tuple(_stretches(looks)),
        seconds=seconds,
        others=tuple(one for one, clip in shown if one is not None and clip is not spoken_of[1]),
    )


def _clips(looks: tuple[Look, ...]) -> Iterator[Clip]:
    for look in looks:
        if look.clip is not None:
            yield look.clip
        yield from (mark.clip for mark in look.marks if mark.clip is not None)


def _shown(clip: Clip) -> FoundClip | None:
    """What may be said of a clip: nothing when its person was erased, or when it never left by our hand."""
    if not clip.subject or clip.issued_at is None:
        return None
    return FoundClip(
        id=clip.id,
        issued_at=clip.issued_at,
        organisation=clip.organisation.name,
        consent_state=state_of(clip.consent_id),
        consent_assurance=level_of(clip.consent_id),
        livemode=clip.livemode,
    )


def _standing(shown: FoundClip | None, clip: Clip) -> int:
    """How far a clip may still exist: 0 erased, 1 withdrawn, 2 permitted."""
    if shown is None:
        return 0
    return 1 if clip.state == ClipState.WITHDRAWN or shown.consent_state in ENDED_FOR_GOOD else 2


def _outcome(shown: FoundClip | None, clip: Clip, *, exact: bool) -> Outcome:
    if _standing(shown, clip) < 2:
        return Outcome.WITHDRAWN
    return Outcome.ISSUED if exact else Outcome.ALTERED


def _stretches(looks: tuple[Look, ...]) -> list[Stretch]:
    marks = [(mark, mark.clip) for look in looks for mark in look.marks if mark.clip is not None]
    named = {clip.id: _shown(clip) is not None for _, clip in marks}
    return [
        Stretch(start_s=mark.start_s, end_s=mark.end_s, clip_id=clip.id if named[clip.id] else None)
        for mark, clip in sorted(marks, key=lambda pair: (pair[0].start_s, pair[0].end_s))
    ]
