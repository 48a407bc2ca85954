"""The layer `fingerprint`: whether the file sounds like a clip of ours.

A result is a candidate, never proof.
"""

from __future__ import annotations

from typing import Final

from provenance.fingerprint import clip_fingerprints
from provenance.models import Clip
from provenance.verification.layers import LayerResult, Upload
from provenance.verification.verdict import LayerEvidence

LEAST_SECONDS: Final = 5.0
"""Shorter sounds have too few words to be compared, and shorter clips of ours may have no
fingerprint, so nothing is searched.
"""


def check_fingerprint_layer(upload: Upload, _expected: Clip | None) -> LayerResult:
    """Search the index of fingerprints. A clip that was found before does not matter."""
    sound = upload.require_sound()
    if sound.seconds < LEAST_SECONDS:
        return LayerResult(
            evidence=LayerEvidence(layer="fingerprint", result="absent", why="short")
        )

    # The result has no clip: a likeness never makes a verdict alone.
    found = clip_fingerprints.search_similar_clips(sound)
    return LayerResult(
        evidence=LayerEvidence(layer="fingerprint", result="candidate" if found else "absent")
    )
