"""The layer `sha256`: exactly the bytes that were delivered, or exactly the samples."""

from __future__ import annotations

from provenance.models import Clip
from provenance.verification.layers import LayerResult
from provenance.verification.upload import Upload
from provenance.verification.verdict import LayerEvidence


def check_sha256_layer(upload: Upload, _expected: Clip | None) -> LayerResult:
    """Compare the bytes with every clip that left, then the canonical PCM (16 bits, mono)."""
    clip = find_delivered_clip(sha256=upload.sha256)
    if clip is not None:
        return LayerResult(
            evidence=LayerEvidence(layer="sha256", result="match"), clip=clip, exact=True
        )

    if upload.has_sound:
        clip = find_delivered_clip(sha256_pcm=upload.facts.sha256_pcm)
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
