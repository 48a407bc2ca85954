"""The layer `sha256`: the very bytes that were delivered, or the very samples in another file."""

from __future__ import annotations

from core import canonical_json
from provenance.verification.layers import LayerResult, Upload, find_delivered_clip
from provenance.verification.verdict import LayerEvidence


def check_sha256_layer(upload: Upload) -> LayerResult:
    """Compare the bytes with every clip that left, then the canonical PCM (16 bits, mono) when
    there is sound.
    """
    clip = find_delivered_clip(sha256=canonical_json.sha256_hex(upload.data))
    if clip is not None:
        return LayerResult(
            evidence=LayerEvidence(layer="sha256", result="match"), clip=clip, exact=True
        )
    if upload.sound is not None:
        clip = find_delivered_clip(sha256_pcm=canonical_json.sha256_hex(upload.sound.pcm16()))
    if clip is not None:
        return LayerResult(
            evidence=LayerEvidence(layer="sha256", result="match", why="samples"),
            clip=clip,
            exact=True,
        )
    return LayerResult(evidence=LayerEvidence(layer="sha256", result="absent"))
