"""What becomes of a text: what the form says, what the engine says, and which children it ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rest_framework.exceptions import ErrorDetail, ValidationError

import engine
from audio.sandbox.template_client import Sandbox
from core.errors import Invalid
from engine import espeak_process, synthesizer
from voices.api.serializers.input_fields import SpokenTextField

TWICE: Final = "cannot speak this text"
"""Stands in the engine's answer to a text that ended two children."""

_FORM: Final = SpokenTextField()


class CountingSandbox(Sandbox):
    """The synthesiser's sandbox. `ended` counts the children that did not answer to the end."""

    ended = 0

    def run(self, order: Mapping[str, Any], foreign: bytes = b"") -> bytes:
        """Return the answer."""
        answer = super().run(order, foreign)
        line, _, sound = answer.partition(b"\n")
        self.ended += not line or json.loads(line).get("bytes", len(sound)) != len(sound)
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one text.

    `refused` is the code of the form's refusal, or empty. `said` is the engine's answer. `fault` is
    an error that a client would be told was the service's, or empty.
    """

    text: str
    refused: str
    said: str
    seconds: float = 0.0
    fault: str = ""


@dataclass(slots=True, kw_only=True)
class TextTrials:
    """What became of all texts so far."""

    texts: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    ended_two: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one text."""
        self.texts += 1
        self.seconds += outcome.seconds
        said = outcome.said
        if outcome.refused:
            self.refused[outcome.refused] += 1
            said += ", refused by the form"
        self.answers[said] += 1
        if outcome.fault:
            self.faults.append(outcome.fault)
        if TWICE in outcome.said:
            self.ended_two.append(outcome.text)


def try_text(text: str, language: str) -> Outcome:
    """Ask the form, and have the text spoken whatever it says."""
    refused = read_refusal(text)
    try:
        sound = engine.synthesize_speech(None, text=text, language=language, speed=2.0)
    except Invalid as error:
        return Outcome(text=text, refused=refused, said=f"422 {error.stable_code}: {error.detail}")
    except Exception as error:  # noqa: BLE001 - every other one is a fault that is looked for
        fault = f"{error!r}: {language} {text[:60]!r}"
        return Outcome(text=text, refused=refused, said="error of the service", fault=fault)

    return Outcome(text=text, refused=refused, said="spoken", seconds=sound.seconds)


def count_in_engine() -> CountingSandbox:
    """Have the built-in engine of this process speak through a sandbox that counts."""
    synthesiser = synthesizer._synthesiser
    synthesiser.sandbox = CountingSandbox(espeak_process._PROGRAM, espeak_process._LIMITS)
    return synthesiser.sandbox


def read_refusal(text: str) -> str:
    """Return the code of the form's refusal, or nothing."""
    try:
        _FORM.run_validation(text)
    except ValidationError as error:
        details = error.detail
        first = details[0] if isinstance(details, list) else None
        return str(first.code) if isinstance(first, ErrorDetail) else "invalid"
    return ""
