"""The layer `fingerprint`: whether the file sounds like a clip of ours. A candidate at best, never proof."""

from __future__ import annotations

from provenance.audio.sound import Sound
from provenance.fingerprint import filing
from provenance.verifying.looking import Look
from provenance.verifying.verdicts import Evidence

LEAST_SECONDS = 5.0
"""Shorter sounds have too few words to be compared, and shorter clips of ours may not be filed: nobody looks."""


def look(sound: Sound) -> Look:
    """Ask the index. The look names no clip, so that it alone never makes a verdict."""
    if sound.seconds < LEAST_SECONDS:
        return Look(evidence=Evidence(layer="fingerprint", result="absent", why="short"))
    found = filing.search(sound)
    return Look(evidence=Evidence(layer="fingerprint", result="candidate" if found else "absent"))
