"""Was this made here, and may it exist? The one answer to that question, for the API and the page alike.

Layers, from exact to robust: SHA-256 of the bytes, SHA-256 of the canonical PCM, watermark. Nothing of the upload is
kept, and nothing that is said names a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from core import canonical
from core.errors import Invalid
from provenance import marks, watermark
from provenance.audio import decoding
from provenance.audio.sound import Sound
from provenance.models import LEFT, Clip, ClipState


class Outcome(StrEnum):
    """The verdicts of the API."""

    ISSUED = "issued"
    ALTERED = "issued_altered"
    WITHDRAWN = "issued_withdrawn"
    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one layer said: `match`, `mismatch`, `absent` or `candidate`."""

    layer: str
    result: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundClip:
    """What may be said of a clip to anybody who holds it."""

    id: str
    issued_at: datetime
    organisation: str
    consent_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer. `clip` is None when there is none, and when all that may be said is that it was issued here."""

    outcome: Outcome
    detail: str
    clip: FoundClip | None
    evidence: tuple[Evidence, ...]
    caveat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a layer found: the clip, whether it is the very audio that was delivered, and the evidence."""

    evidence: Evidence
    clip: Clip | None = None
    exact: bool = False


ConsentState = Callable[[str], str | None]
# Consents live higher in the house; their room is asked through this register, filled when the applications are ready.
_register: dict[str, ConsentState] = {}

ENDED_FOR_GOOD: Final = frozenset({"withdrawn", "invalidated", "terminated", "rejected", "erasing", "erased"})

CAVEAT_FOUND: Final = (
    "This says where the audio came from, not that what it says is true. A mark can be carried over into other audio, "
    "so treat an altered clip as one that contains speech made here."
)
CAVEAT_WITHDRAWN: Final = (
    "The person's permission has ended since. What was lawful before stays so; whether this copy may still be used is "
    "a question for the organisation that made it."
)
CAVEAT_ABSENT: Final = (
    "Not finding a clip proves nothing: it may have been made elsewhere, be too short, or have been changed until the "
    "mark was lost. It does not show that a recording is a real person's."
)
CAVEAT_UNREADABLE: Final = "Only the exact bytes could be compared. Send the file as WAV, MP3, FLAC, Ogg or Opus."


def register_consent_state(ask: ConsentState) -> None:
    """Say who knows the state of a consent by its id."""
    _register["consent"] = ask


def verify(data: bytes, *, at: datetime) -> Verdict:
    """Look the upload up in every layer. Raises nothing about the file: unreadable audio is a verdict too.

    The file is decoded in a limited child process. Raises Unavailable when that process or the vault is down.
    """
    exact = _by_bytes(data)
    try:
        sound = decoding.decode(data).sound
    except Invalid as unreadable:
        if exact.clip is None:
            return Verdict(
                outcome=Outcome.UNREADABLE,
                detail=unreadable.detail,
                clip=None,
                evidence=(exact.evidence,),
                caveat=CAVEAT_UNREADABLE,
            )
        return _conclude(exact, (exact,))
    if exact.clip is None:
        exact = _by_samples(sound, otherwise=exact)
    mark = _by_mark(sound, exact.clip, at=at)
    return _conclude(exact if exact.clip else mark, (exact, mark))


def _by_bytes(data: bytes) -> _Look:
    clip = _issued(sha256=canonical.sha256(data))
    if clip is None:
        return _Look(evidence=Evidence(layer="sha256", result="absent", detail="No clip has exactly these bytes."))
    detail = "These are exactly the bytes that were delivered."
    return _Look(evidence=Evidence(layer="sha256", result="match", detail=detail), clip=clip, exact=True)


def _by_samples(sound: Sound, *, otherwise: _Look) -> _Look:
    clip = _issued(sha256_pcm=canonical.sha256(sound.pcm16()))
    if clip is None:
        return otherwise
    detail = "The file is another, but the audio in it is sample for sample what was delivered."
    return _Look(evidence=Evidence(layer="sha256", result="match", detail=detail), clip=clip, exact=True)


def _by_mark(sound: Sound, expected: Clip | None, *, at: datetime) -> _Look:
    found = watermark.detect_any(sound.samples, sound.rate, keys=marks.in_use(at=at))
    if found is None:
        return _Look(evidence=Evidence(layer="watermark", result="absent", detail="No watermark of ours was read."))
    organisation_id, epoch = marks.named(found[0])
    clip = Clip.objects.filter(organisation_id=organisation_id, epoch=epoch, token=found[1].token).first()
    if clip is None:
        detail = "A pattern was read, but no clip carries it."
        return _Look(evidence=Evidence(layer="watermark", result="candidate", detail=detail))
    if expected and expected.id != clip.id:
        detail = "The watermark read is that of another clip."
        return _Look(evidence=Evidence(layer="watermark", result="mismatch", detail=detail), clip=clip)
    detail = "The watermark of this clip was read from the audio."
    return _Look(evidence=Evidence(layer="watermark", result="match", detail=detail), clip=clip)


def _issued(**hashes: str) -> Clip | None:
    # Equal bytes twice is possible only for unmarked clips; the last one issued speaks for them.
    rows = Clip.objects.filter(state__in=LEFT, **hashes).select_related("organisation")
    return rows.order_by("-issued_at", "-id").first()


def _conclude(best: _Look, looks: tuple[_Look, ...]) -> Verdict:
    evidence = tuple(look.evidence for look in looks)
    clip = best.clip
    if clip is None:
        detail = "No clip of this service was found in the file."
        return Verdict(outcome=Outcome.NOT_FOUND, detail=detail, clip=None, evidence=evidence, caveat=CAVEAT_ABSENT)
    if clip.state not in {ClipState.ISSUED, ClipState.WITHDRAWN} or clip.issued_at is None:
        detail = "This service made this audio. Nothing else may be said about it."
        return Verdict(outcome=Outcome.WITHDRAWN, detail=detail, clip=None, evidence=evidence, caveat=CAVEAT_WITHDRAWN)
    shown = FoundClip(
        id=clip.id,
        issued_at=clip.issued_at,
        organisation=clip.organisation.name,
        consent_state=_consent_state(clip),
    )
    return _judged(clip, shown, exact=best.exact, evidence=evidence)


def _judged(clip: Clip, shown: FoundClip, *, exact: bool, evidence: tuple[Evidence, ...]) -> Verdict:
    if clip.state == ClipState.WITHDRAWN or shown.consent_state in ENDED_FOR_GOOD:
        detail = "This clip was issued here, and the permission behind it has been withdrawn since."
        return Verdict(outcome=Outcome.WITHDRAWN, detail=detail, clip=shown, evidence=evidence, caveat=CAVEAT_WITHDRAWN)
    if exact:
        detail = "This clip was issued here, with permission, and is unchanged."
        return Verdict(outcome=Outcome.ISSUED, detail=detail, clip=shown, evidence=evidence, caveat=CAVEAT_FOUND)
    detail = "Speech issued here, with permission, is in this file; the file has been changed since."
    return Verdict(outcome=Outcome.ALTERED, detail=detail, clip=shown, evidence=evidence, caveat=CAVEAT_FOUND)


def _consent_state(clip: Clip) -> str:
    ask = _register.get("consent")
    return (ask(clip.consent_id) if ask else None) or "unknown"
