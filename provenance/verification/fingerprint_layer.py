"""The layer `fingerprint`: whether the file sounds like a clip of ours.

A result is a candidate, never proof.
"""

from __future__ import annotations

from typing import Final

from provenance.fingerprint import clip_fingerprints
from provenance.models import Clip, Fingerprint
from provenance.verification.layers import LayerResult
from provenance.verification.upload import Upload
from provenance.verification.verdict import LayerEvidence

LEAST_SECONDS: Final = 5.0
"""Shorter sounds have too few words to be compared, and shorter clips of ours may have no
fingerprint, so nothing is searched.
"""


def check_fingerprint_layer(upload: Upload, _expected: Clip | None) -> LayerResult:
    """Search the index of fingerprints. A clip that was found before does not matter."""
    if upload.facts.seconds < LEAST_SECONDS:
        return LayerResult(
            evidence=LayerEvidence(layer="fingerprint", result="absent", why="short")
        )

    # The result has no clip: a likeness never makes a verdict alone.
    found = find_similar_clips(upload)
    return LayerResult(
        evidence=LayerEvidence(layer="fingerprint", result="candidate" if found else "absent")
    )


def find_similar_clips(upload: Upload) -> list[tuple[Clip, float]]:
    """Return the clips that the file resembles, each with its share of wrong bits, the most similar
    first.

    Those whose fingerprint was erased since the search are left out.
    """
    if upload.facts.seconds < LEAST_SECONDS:
        return []

    errors = upload.recall("fingerprint", lambda: _search_index(upload))
    if not errors:
        return []

    rows = Fingerprint.objects.filter(clip_id__in=errors).select_related("clip__organisation")
    clips = {row.clip_id: row.clip for row in rows}
    return [(clips[clip_id], share) for clip_id, share in errors.items() if clip_id in clips]


def _search_index(upload: Upload) -> dict[str, float]:
    found = clip_fingerprints.search_similar_clips(upload.require_sound())
    return {candidate.clip.id: candidate.likeness.errors for candidate in found}
