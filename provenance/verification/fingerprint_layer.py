"""The layer `fingerprint`: whether the file sounds like a clip of ours.

A candidate at best, never proof.
"""

from __future__ import annotations

from audio.sound import Sound
from provenance.fingerprint import repository
from provenance.verification.layers import LayerResult
from provenance.verification.verdict import LayerEvidence

LEAST_SECONDS = 5.0
"""Shorter sounds have too few words to be compared, and shorter clips of ours may not be filed:
nobody looks.
"""


def check_fingerprint_layer(sound: Sound) -> LayerResult:
    """Ask the index. The look names no clip, so that it alone never makes a verdict."""
    if sound.seconds < LEAST_SECONDS:
        return LayerResult(
            evidence=LayerEvidence(layer="fingerprint", result="absent", why="short")
        )
    found = repository.search_similar_clips(sound)
    return LayerResult(
        evidence=LayerEvidence(layer="fingerprint", result="candidate" if found else "absent")
    )
