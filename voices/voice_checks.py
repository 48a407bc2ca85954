"""What the checks of a voice's recordings found, as its own organisation is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from voices import sample_checks
from voices.models import Sample, Voice

PASSED: Final = "passed"
DOUBT: Final = "doubt"
RESULTS: Final = (PASSED, DOUBT)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check of the recording at position `sample`, or of two of them.

    `value` is what was measured: a share, a cosine, or seconds of speech.
    """

    name: str
    result: str
    sample: int | None = None
    other: int | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How similar the voice sounds to its recordings: a cosine, and what it means."""

    cosine: float
    verdict: str


def list_checks(voice: Voice) -> tuple[CheckResult, ...]:
    """Return all checks of a voice's recordings. A deleted voice has none."""
    samples = sorted(voice.samples.all(), key=lambda sample: sample.position)
    alone = [check for sample in samples for check in _list_checks_of_sample(sample)]

    return (*alone, *_list_comparisons(voice.report))


def get_likeness(voice: Voice) -> Likeness | None:
    """Return how similar the voice sounds to its recordings, or None where it was not measured."""
    measured = voice.report.get("likeness_milli")
    if measured is None:
        return None

    return Likeness(
        cosine=measured / 1000, verdict=str(sample_checks.judge_likeness(int(measured)))
    )


def _list_checks_of_sample(sample: Sample) -> Iterator[CheckResult]:
    found: Mapping[str, Any] = sample.report
    values = {
        "speech_seconds": found.get("speech_milliseconds"),
        "clipped_share": found.get("clipped_milli"),
        "one_speaker": found.get("coherence_milli"),
        "like_a_synthesiser": found.get("espeak_milli"),
    }
    doubts = set(found.get("hints", ()))

    for name, milli in values.items():
        if milli is not None:
            yield CheckResult(
                name=name,
                result=DOUBT if name in doubts or _is_low(name, int(milli)) else PASSED,
                sample=sample.position,
                value=milli / 1000,
            )
    for name in sorted(doubts - values.keys()):
        yield CheckResult(name=name, result=DOUBT, sample=sample.position)


def _is_low(name: str, milli: int) -> bool:
    return name == "one_speaker" and milli < 1000 * sample_checks.PERHAPS_SEVERAL_BELOW


def _list_comparisons(report: Mapping[str, Any]) -> Iterator[CheckResult]:
    for pair in report.get("pairs", ()):
        yield CheckResult(
            name="same_speaker",
            result=PASSED if pair["verdict"] == "same" else DOUBT,
            sample=_read_position(pair["first"]),
            other=_read_position(pair["second"]),
            value=pair["likeness_milli"] / 1000,
        )


def _read_position(name: str) -> int | None:
    """Return the position of a recording by its name in a report. `others` has none."""
    number = name.partition(".")[2]
    return int(number) if number.isdigit() else None
