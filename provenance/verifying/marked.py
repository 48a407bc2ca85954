"""The layer `watermark`: which clips' marks are in the sound, and where."""

from __future__ import annotations

from provenance import marks, watermark
from provenance.audio.sound import Sound
from provenance.models import Clip
from provenance.verifying.looking import Look, Mark
from provenance.verifying.verdicts import Evidence


def look(sound: Sound, *, expected: Clip | None, first: str = "") -> Look:
    """Search the sound under every key in use. `expected` is the clip that an exact layer found, if one did.

    The keys of the organisation `first` come before those of others.
    """
    keys = marks.in_use(first=expected.organisation_id if expected else first)
    found = watermark.detect_any(sound.samples, sound.rate, keys=keys)
    if found is None:
        return Look(evidence=Evidence(layer="watermark", result="absent"))
    clip = _carrier(*marks.named(found[0]), found[1].token)
    return _judged((Mark(start_s=0.0, end_s=sound.seconds, clip=clip),), expected)


def _judged(found: tuple[Mark, ...], expected: Clip | None) -> Look:
    clip = next((mark.clip for mark in found if mark.clip is not None), None)
    if clip is None:
        return Look(evidence=Evidence(layer="watermark", result="candidate"), marks=found)
    result = "mismatch" if expected and expected.id != clip.id else "match"
    return Look(evidence=Evidence(layer="watermark", result=result), clip=clip, marks=found)


def _carrier(organisation_id: str, epoch: int, token: int) -> Clip | None:
    rows = Clip.objects.filter(organisation_id=organisation_id, epoch=epoch, token=token)
    return rows.select_related("organisation").first()
