"""What is known of a voice's recordings in a few words: how long, how good, one speaker or not.

Before a worker has examined them, a first look tells their length and whether they are cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.conf import settings

from audio import decoding
from audio.containers import UnreadableAudio
from audio.sound import Sound
from core import memory, transactions
from provenance.verification.upload import EXAMINATIONS, SECONDS_WITH_KEY
from voices import voice_checks
from voices.models import Sample, Voice, VoiceState
from voices.sample_checks import recording_quality
from voices.text_language.text_check import find_text_language
from voices.voice_labels import open_transcripts

Quality = Literal["good", "fair", "poor"]
_MUCH_CLIPPED_MILLI: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSummary:
    """The recordings of a voice. None is what is not known, or not known yet.

    `consistency` is the least cosine between two of them, or within the only one. `language` is
    what their transcripts are written in, by its code.
    """

    seconds: float | None
    quality: Quality | None
    consistency: float | None
    language: str | None


def look_at_recordings(voice: Voice, recordings: Sequence[bytes]) -> None:
    """Note length and clipping of the recordings of a voice that a worker will make.

    What was examined already stays as it is. Raises ServerBusy.
    """
    transactions.release_connections()
    with EXAMINATIONS.hold_place(
        voice.organisation_id, has_key=True, wait_seconds=SECONDS_WITH_KEY
    ):
        looks = [_look_at(data) for data in recordings]
    memory.return_freed_memory()

    for position, look in enumerate(looks):
        Sample.objects.filter(voice=voice, position=position, report={}).update(report=look)


def summarise_recordings(voice: Voice) -> RecordingSummary:
    """Return what is known of the recordings of a voice."""
    samples = list(voice.samples.all())
    lengths = [sample.report.get("milliseconds") for sample in samples]
    is_known = bool(lengths) and None not in lengths
    return RecordingSummary(
        seconds=sum(lengths) / 1000 if is_known else None,
        quality=_judge_quality(voice, samples) if is_known else _judge_end(voice),
        consistency=_find_consistency(voice, samples),
        language=_find_language(voice),
    )


def _look_at(data: bytes) -> dict[str, Any]:
    """Return the first row of a report, empty for a file that the worker will refuse."""
    try:
        decoded = decoding.decode_untrusted(data, most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES)
    except UnreadableAudio:
        return {}

    sound: Sound = decoded.sound
    return {
        "milliseconds": round(1000 * len(sound.samples) / sound.rate),
        "clipped_milli": round(1000 * recording_quality.measure_clipped_share(sound)),
    }


def _judge_quality(voice: Voice, samples: Sequence[Sample]) -> Quality:
    doubts = [one for one in voice_checks.list_checks(voice) if one.result == voice_checks.DOUBT]
    clipped = any(one.report.get("clipped_milli", 0) >= _MUCH_CLIPPED_MILLI for one in samples)
    return "fair" if doubts or clipped else "good"


def _judge_end(voice: Voice) -> Quality | None:
    return "poor" if voice.state == VoiceState.FAILED else None


def _find_consistency(voice: Voice, samples: Sequence[Sample]) -> float | None:
    pairs = [pair["likeness_milli"] for pair in voice.report.get("pairs", ())]
    alone = [one.report.get("coherence_milli") for one in samples]
    found = pairs or [milli for milli in alone if milli is not None]
    return min(found) / 1000 if found else None


def _find_language(voice: Voice) -> str | None:
    """Return the language of the transcripts, None where there is too little to tell."""
    words = " ".join(text for text in open_transcripts(voice) if text)
    finding = find_text_language(words, voice.language) if words else None
    if finding is None or finding.fit in {"too_short", "doubt"}:
        return None

    return voice.language if finding.fit == "fits" else finding.languages[0]
