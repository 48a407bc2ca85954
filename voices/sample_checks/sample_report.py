"""The report on reference samples: what was measured, and what is wrong.

It holds whole numbers only, for storing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.canonical_json import Json
from core.errors import Fault
from voices.sample_checks.speaker_similarity import Voiceprint

DETAILS: Final = {
    "sample_watermarked": "The recording carries our own watermark: it was made by this service.",
    "sample_synthetic": "The recording is synthetic speech, or says that it is.",
    "sample_silent": "There is no speech in the recording.",
    "sample_too_quiet": "The recording is too quiet. Record it again, closer or louder.",
    "sample_too_long": "The recording is over five minutes long.",
    "sample_too_short": "There is too little speech in the recording.",
    "sample_clipped": (
        "Over one percent of the recording is cut off at its peaks. Record it again, further away."
    ),
    "sample_several_speakers": "More than one person speaks in the recording.",
    "sample_speaker_mismatch": "The recording is of another person than the other recordings.",
    "sample_review_needed": (
        "The checks are in doubt about the recording. A person has to listen to it."
    ),
    "sample_unreadable": "The file cannot be read as audio.",
}
"""Every code, the gravest first: a sample has the first that applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFacts:
    """What was measured in one recording.

    Shares and likenesses are in thousandths, levels in thousandths of a decibel.
    """

    name: str
    milliseconds: int
    speech_milliseconds: int
    speech_share_milli: int
    clipped_milli: int
    bandwidth_hz: int
    snr_milli_db: int
    coherence_milli: int | None
    espeak_milli: int | None
    flite_milli: int | None
    roughness_milli: int | None
    dynamic_range_milli_db: int
    c2pa: bool
    says_synthetic: bool
    watermarked: bool
    hints: tuple[str, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFacts:
    """How similar two recordings are. `second` may be `others`."""

    first: str
    second: str
    likeness_milli: int
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleReport:
    """All facts, and at most one fault for each recording.

    Its `attr` is `samples.0` and so on, or `statement`. Without faults, nothing speaks against the
    recordings. The report never proves who speaks in them. `voice` is the mean direction of their
    embeddings, shape (256,), and is not stored. `prints` are what it was computed from.
    """

    samples: tuple[SampleFacts, ...]
    pairs: tuple[PairFacts, ...]
    faults: tuple[Fault, ...]
    voice: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    prints: tuple[Voiceprint, ...] = field(default=(), repr=False, compare=False)

    def as_json(self) -> dict[str, Json]:
        """Return the report to store beside the samples."""
        return {
            "samples": [_facts_to_json(one) for one in self.samples],
            "pairs": [_facts_to_json(pair) for pair in self.pairs],
            "faults": [{"code": fault.code, "attr": fault.attr} for fault in self.faults],
        }


def pick_gravest_fault(name: str, codes: tuple[str, ...]) -> Fault | None:
    """Return the gravest of the codes as a fault of this recording."""
    for code, detail in DETAILS.items():
        if code in codes:
            return Fault(code=code, detail=detail, attr=name)
    return None


def _facts_to_json(facts: SampleFacts | PairFacts) -> dict[str, Json]:
    values = ((name, getattr(facts, name)) for name in facts.__slots__)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values}
