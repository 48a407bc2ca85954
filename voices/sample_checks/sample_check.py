"""The examination of reference samples, and of the spoken statement when there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import watermark
from audio.containers import UnreadableAudio
from audio.sound import Sound
from core.errors import Fault
from provenance.c2pa import manifest_reader
from voices.sample_checks import (
    recording_quality,
    sample_report,
    speaker_similarity,
    synthetic_speech_indicators,
    voice_activity,
)
from voices.sample_checks.sample_report import PairFacts, SampleFacts, SampleReport
from voices.sample_checks.speaker_similarity import Comparison, SimilarityVerdict, Voiceprint
from voices.sample_checks.synthetic_speech_indicators import SyntheticSpeechIndicators
from voices.sample_checks.voice_activity import Activity
from watermark.speech.key_ranking import Keys

LONGEST_SECONDS: Final = 300.0
LEAST_SECONDS: Final = 1.6
"""Net speech below which no speaker check has a meaning."""
LEAST_TOTAL_SECONDS: Final = 5.0
LEAST_STATEMENT_SECONDS: Final = 3.0
MOST_CLIPPED: Final = 0.01
LEAST_LOUD_DB: Final = -70.0
"""Below it, 16 bits leave too little of a voice."""
_SEVERAL_BELOW: Final = 0.60
PERHAPS_SEVERAL_BELOW: Final = 0.70
STATEMENT: Final = "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwnMarks:
    """How our own audio is recognised: our watermark keys, and a search for the other mark."""

    keys: Keys
    second_mark: Callable[[Sound], bool]

    def in_sound(self, sound: Sound) -> bool:
        """Check whether either mark is there."""
        # The more expensive search comes last.
        found = None
        if self.keys:
            found = watermark.detect_any(sound.samples, sound.rate, keys=self.keys)
        return found is not None or self.second_mark(sound)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ExaminedSample:
    """One recording with all that was measured in it.

    `voice` and `signs` are None where there is too little speech.
    """

    name: str
    sound: Sound
    activity: Activity
    clipped: float
    watermarked: bool
    voice: Voiceprint | None
    signs: SyntheticSpeechIndicators | None


def examine_samples(
    sounds: Sequence[Sound],
    *,
    statement: Sound | None,
    watermark_keys: Keys,
    second_mark: Callable[[Sound], bool] = lambda _sound: False,
    raw: Sequence[bytes] = (),
    statement_raw: bytes = b"",
) -> SampleReport:
    """Check the samples, each on its own and against one another.

    Their content never raises an error. `watermark_keys` are the keys under which this service may
    have marked audio, or a chooser of them, and `second_mark` checks for its other mark. `raw` are
    the uploaded files, in the order of `sounds`, and `statement_raw` that of the statement.

    Raises ManifestReaderUnavailable when a file's manifest cannot be read now.
    """
    files = [*raw, *[b""] * (len(sounds) - len(raw))]
    ours = _OwnMarks(keys=watermark_keys, second_mark=second_mark)

    examined = [
        _examine_sample(f"samples.{at}", sound, ours=ours, raw=file)
        for at, (sound, file) in enumerate(zip(sounds, files, strict=False))
    ]

    total = sum(one.activity.seconds for one in examined)
    if statement is not None:
        examined.append(_examine_sample(STATEMENT, statement, ours=ours, raw=statement_raw))

    voices = tuple(one.voice for one in examined if one.voice is not None)
    comparisons = speaker_similarity.compare_recordings(voices)

    found = [
        replace(_to_sample_facts(one), codes=_fault_codes(one, total=total)) for one in examined
    ]
    for name, code in _doubted_recordings(comparisons, voices):
        found = [
            replace(one, codes=(*one.codes, code)) if one.name == name else one for one in found
        ]

    faults = (sample_report.pick_gravest_fault(one.name, one.codes) for one in found)
    return SampleReport(
        samples=tuple(found),
        pairs=tuple(_to_pair_facts(comparison) for comparison in comparisons),
        faults=tuple(fault for fault in faults if fault is not None),
        voice=speaker_similarity.compute_common_direction(voices),
        prints=voices,
    )


def build_unreadable_fault(index: int, error: UnreadableAudio) -> Fault:
    """Return the fault of a sample that could not be decoded, in the words of `examine_samples`."""
    code = "sample_too_long" if error.reason == "too_long" else "sample_unreadable"
    return Fault(code=code, detail=str(error), attr=f"samples.{index}")


def _examine_sample(name: str, sound: Sound, *, ours: _OwnMarks, raw: bytes) -> _ExaminedSample:
    clean = recording_quality.clean_recording(sound)
    speech = voice_activity.detect_speech(clean)
    credentials = manifest_reader.read_credentials(raw)
    voice = None
    signs = None

    if speech.seconds >= LEAST_SECONDS:
        voice = Voiceprint(
            name=name,
            speech=speech.speech,
            snr_db=speech.snr_db,
            bandwidth_hz=min(recording_quality.measure_bandwidth(speech.speech), sound.rate // 2),
        )
        signs = synthetic_speech_indicators.find_indicators(
            clean, sound, embedding=voice.embedding, raw=raw, credentials=credentials
        )

    return _ExaminedSample(
        name=name,
        sound=sound,
        activity=speech,
        clipped=recording_quality.measure_clipped_share(sound),
        watermarked=credentials.ours or ours.in_sound(sound),
        voice=voice,
        signs=signs,
    )


def _fault_codes(sample: _ExaminedSample, *, total: float) -> tuple[str, ...]:
    """Return every code that applies to this recording by itself."""
    net = sample.activity.seconds
    least = LEAST_STATEMENT_SECONDS if sample.name == STATEMENT else LEAST_SECONDS
    short = net < least or (sample.name != STATEMENT and total < LEAST_TOTAL_SECONDS)
    coherence = sample.voice.coherence if sample.voice else 1.0
    signs = sample.signs
    doubtful = coherence < PERHAPS_SEVERAL_BELOW or (signs is not None and signs.doubtful)

    rules = (
        ("sample_watermarked", sample.watermarked),
        ("sample_synthetic", signs is not None and signs.synthetic),
        ("sample_silent", net == 0.0),
        ("sample_too_quiet", sample.activity.loud_db < LEAST_LOUD_DB),
        ("sample_too_long", sample.sound.seconds > LONGEST_SECONDS),
        ("sample_too_short", short),
        ("sample_clipped", sample.clipped > MOST_CLIPPED),
        ("sample_several_speakers", coherence < _SEVERAL_BELOW),
        ("sample_review_needed", doubtful),
    )
    return tuple(code for code, applies in rules if applies)


def _doubted_recordings(
    comparisons: Sequence[Comparison], voices: Sequence[Voiceprint]
) -> list[tuple[str, str]]:
    """Return the recordings against which the comparisons speak, each with its code."""
    codes = {
        SimilarityVerdict.DIFFERENT: "sample_speaker_mismatch",
        SimilarityVerdict.REVIEW: "sample_review_needed",
    }
    return [
        (speaker_similarity.find_outlier(comparison, voices), codes[comparison.verdict])
        for comparison in comparisons
        if comparison.verdict is not SimilarityVerdict.SAME
    ]


def _to_sample_facts(sample: _ExaminedSample) -> SampleFacts:
    signs = sample.signs
    rough = signs.roughness if signs else None

    return SampleFacts(
        name=sample.name,
        milliseconds=_to_milli(sample.sound.seconds),
        speech_milliseconds=_to_milli(sample.activity.seconds),
        speech_share_milli=_to_milli(sample.activity.share),
        clipped_milli=_to_milli(sample.clipped),
        bandwidth_hz=sample.voice.bandwidth_hz if sample.voice else 0,
        snr_milli_db=_to_milli(sample.activity.snr_db),
        coherence_milli=_to_milli(sample.voice.coherence) if sample.voice else None,
        espeak_milli=_to_milli(signs.espeak) if signs else None,
        flite_milli=_to_milli(signs.flite) if signs else None,
        roughness_milli=_to_milli(rough) if rough is not None else None,
        dynamic_range_milli_db=_to_milli(signs.dynamic_range_db) if signs else 0,
        c2pa=signs.c2pa if signs else False,
        says_synthetic=signs.says_synthetic if signs else False,
        watermarked=sample.watermarked,
        hints=signs.hints if signs else (),
        codes=(),
    )


def _to_pair_facts(comparison: Comparison) -> PairFacts:
    return PairFacts(
        first=comparison.first,
        second=comparison.second,
        likeness_milli=_to_milli(comparison.cosine),
        verdict=comparison.verdict.value,
    )


def _to_milli(value: float) -> int:
    return round(1000 * value)
