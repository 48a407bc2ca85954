"""The layer `sha256`: the very bytes that were delivered, or the very samples in another file."""

from __future__ import annotations

from core import canonical
from provenance.verifying.looking import Look, Upload, issued
from provenance.verifying.verdicts import Evidence


def look(upload: Upload) -> Look:
    """Compare the bytes with every clip that left, then the canonical PCM (16 bits, mono) when there is sound."""
    clip = issued(sha256=canonical.sha256(upload.data))
    if clip is not None:
        return Look(evidence=Evidence(layer="sha256", result="match"), clip=clip, exact=True)
    if upload.sound is not None:
        clip = issued(sha256_pcm=canonical.sha256(upload.sound.pcm16()))
    if clip is not None:
        return Look(evidence=Evidence(layer="sha256", result="match", why="samples"), clip=clip, exact=True)
    return Look(evidence=Evidence(layer="sha256", result="absent"))
