"""What the canary hears: whose voice it is, and in which language a sentence was spoken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from audio.sound import Sound
from core.canonical_json import Json
from voices.canary import canary_voices, language_distance
from voices.canary.canary_findings import CanaryFailed, CanaryFinding
from voices.canary.canary_voices import Which
from voices.sample_checks import speaker_encoder, voice_activity
from voices.sample_checks.clone_likeness import LEAST_SECONDS
from voices.sample_checks.speaker_encoder import Real
from voices.sample_checks.speaker_similarity import DIFFERENT, SAME

_MOST_KEPT: Final = 256
_kept: Final[dict[bytes, HeardSentence]] = {}
"""By the hash of the sound. An engine that answers the same again is not measured again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeardSentence:
    """One spoken sentence: its direction, its likeness to both voices, and its distances.

    `likeness` is in thousandths, and `distances` are those of `language_distance`.
    """

    language: str
    direction: Real = field(repr=False)
    likeness: Mapping[Which, int]
    distances: dict[str, float]

    def to_facts(self) -> dict[str, Json]:
        """Return the figures for a finding. Distances are in thousandths."""
        return {
            "language": self.language,
            "likeness_milli": {which: self.likeness[which] for which in canary_voices.BOTH},
            "distances_milli": {one: round(1000 * far) for one, far in self.distances.items()},
        }


def hear_sentence(sound: Sound, language: str) -> HeardSentence:
    """Measure a spoken sentence of the canary. Raises CanaryFailed for too little speech."""
    shape = f"{language}|{sound.rate}|".encode()
    key = hashlib.sha256(shape + sound.samples.tobytes()).digest()
    if (known := _kept.get(key)) is not None:
        return known

    speech = voice_activity.detect_speech(sound)
    if speech.seconds < LEAST_SECONDS:
        facts: dict[str, Json] = {"language": language, "speech_ms": round(1000 * speech.seconds)}
        finding = CanaryFinding(check="speech", result="failed", facts=facts)
        raise CanaryFailed("canary_not_heard", finding)

    direction = speaker_encoder.compute_embedding(speech.speech)
    heard = HeardSentence(
        language=language,
        direction=direction,
        likeness={
            which: round(1000 * float(direction @ canary_voices.embed_recording(which)))
            for which in canary_voices.BOTH
        },
        distances=language_distance.measure_distances(sound, language),
    )
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[key] = heard
    return heard


def check_voices_differ(first: HeardSentence, second: HeardSentence) -> CanaryFinding:
    """Check that two voices do not sound like one. Raises CanaryFailed."""
    likeness = round(1000 * float(first.direction @ second.direction))
    facts: dict[str, Json] = {"likeness_milli": likeness}
    if likeness >= 1000 * SAME:
        finding = CanaryFinding(check="voices_differ", result="failed", facts=facts)
        raise CanaryFailed("canary_voices_alike", finding)

    return CanaryFinding(check="voices_differ", result="passed", facts=facts)


def check_own_voice(heard: HeardSentence, which: Which) -> CanaryFinding:
    """Check that a clone sounds more like its own recording than the other. Raises CanaryFailed."""
    other = next(one for one in canary_voices.BOTH if one != which)
    facts: dict[str, Json] = {"voice": which, **heard.to_facts()}
    if heard.likeness[which] <= heard.likeness[other]:
        finding = CanaryFinding(check="own_voice", result="failed", facts=facts)
        raise CanaryFailed("canary_wrong_voice", finding)

    return CanaryFinding(check="own_voice", result="passed", facts=facts)


def check_language(heard: HeardSentence) -> CanaryFinding:
    """Check that a sentence was spoken in its language. Raises CanaryFailed for clearly another."""
    found = language_distance.find_language(heard.distances, heard.language)
    facts: dict[str, Json] = {"nearest": found, **heard.to_facts()}
    if found is None:
        return CanaryFinding(check="language", result="doubtful", facts=facts)
    if found != heard.language:
        finding = CanaryFinding(check="language", result="failed", facts=facts)
        raise CanaryFailed("canary_wrong_language", finding)

    return CanaryFinding(check="language", result="passed", facts=facts)


def compute_threshold(heard: HeardSentence) -> int:
    """Return the likeness below which speech is not that of the voice, in thousandths.

    It lies in the middle between the own voice and the other one, and no higher than two recordings
    of one person may lie apart.
    """
    return min(round(1000 * DIFFERENT), round(sum(heard.likeness.values()) / len(heard.likeness)))
