"""The layer `sha256`: exactly the bytes that were delivered, or exactly the samples."""

from __future__ import annotations

from core import canonical_json
from provenance.models import Clip
from provenance.verification.layers import LayerResult, Upload
from provenance.verification.verdict import LayerEvidence


def check_sha256_layer(upload: Upload, _expected: Clip | None) -> LayerResult:
    """Compare the bytes with every clip that left, then the canonical PCM (16 bits, mono)."""
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


def find_delivered_clip(**hashes: str) -> Clip | None:
    """Return the clip that left with this hash (`sha256` or `sha256_pcm`), if there is one.

    It may have left whole or as the beginning of a stream.
    """
    # Equal bytes twice are copies of one sound, with one consent, or unmarked. The last one issued
    # stands for them.
    rows = Clip.objects.delivered_in_any_part().filter(**hashes).select_related("organisation")
    return rows.order_by("-issued_at", "-id").first()
