"""The synthesiser on the service's side: utterances go to a child of the sandbox."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audio.sandbox import answers
from audio.sandbox.answers import AnswerForged
from audio.sandbox.template_client import ChildFailed, Limits, Sandbox
from audio.sound import Sound, from_pcm16
from core.errors import Fault, Invalid, Unavailable

RATE: Final = 22_050
NORMAL_RATE: Final = 175
"""The usual rate of espeak in words a minute."""
MOST_SECONDS: Final = 300
_PROGRAM: Final = Path(__file__).with_name("espeak_child.py")
_MOST_LINE: Final = 2**16
# espeak-ng 1.52 writes beyond its buffer when a clause has about a hundred dots without a space
# behind them: `a.b.c`, `a.,b.,`, `a..b..`. From this many on they are left out, and the letters
# spoken.
_MOST_DOTS: Final = 60
_DOT_INSIDE: Final = re.compile(r"(?<=\S)\.(?=\S)")
_LIMITS: Final = Limits(
    memory=2**29, cpu_seconds=30, seconds=60, most_out=2 * RATE * MOST_SECONDS + _MOST_LINE
)


class EngineUnavailable(Unavailable):
    """The synthesiser process does not answer, and a new one does not either."""

    code = "engine_unavailable"


class TextNotSpeakable(Invalid):
    """The text has nothing that can be spoken, or the synthesiser cannot speak it."""

    code = "text_not_speakable"


def refuse_text(detail: str) -> TextNotSpeakable:
    """Return the error about the field `text`."""
    fault = Fault(code=TextNotSpeakable.code, detail=detail, attr="text")
    return TextNotSpeakable(detail, faults=(fault,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One order to the synthesiser.

    `voice` is espeak's name, `rate` is in words a minute, `pitch` from 0 to 99.
    """

    text: str
    voice: str
    rate: int
    pitch: int


class SynthesiserProcess:
    """Speaks through a child process. It is safe for threads."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(_PROGRAM, _LIMITS)

    def say(self, utterance: Utterance) -> Sound | None:
        """Return speech at 22 050 Hz, or None when there is no such voice.

        Raises EngineUnavailable, and TextNotSpeakable for a text that ends the child twice.
        """
        text = _spell_abbreviations(utterance.text).encode()
        order = {
            "op": "say",
            "size": len(text),
            "voice": utterance.voice,
            "rate": utterance.rate,
            "pitch": utterance.pitch,
        }

        # The library keeps its faults to one child. A second child shows whether it was the text.
        for _attempt in (1, 2):
            answer, pcm = self._ask(order, text)
            if "error" in answer:
                return None
            if answer.get("bytes") == len(pcm) and len(pcm) % 2 == 0:
                return from_pcm16(pcm, RATE)

        raise refuse_text("The voice engine cannot speak this text.")

    def list_voices(self) -> tuple[tuple[str, str], ...]:
        """Return language code and identifier of each audible voice.

        Raises EngineUnavailable.
        """
        answer, _ = self._ask({"op": "voices"}, b"")
        listed = answer.get("voices")
        if not isinstance(listed, list) or not all(map(_is_voice, listed)):
            raise EngineUnavailable("The voice engine does not answer.", retry_after=5)

        return tuple((code, name) for code, name in listed)

    def _ask(self, order: dict[str, Any], text: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the answer's line and what is behind it.

        A child that died, or says what no child of ours says, gives an empty one.
        """
        try:
            output = self.sandbox.run(order, text)
        except ChildFailed as error:
            raise EngineUnavailable("The voice engine does not answer.", retry_after=5) from error

        try:
            answer, start = answers.split_answer(output)
        except AnswerForged:
            return {}, b""

        return answer, output[start:]


def _is_voice(found: object) -> bool:
    """Return whether this is a language code and an identifier."""
    return (
        isinstance(found, list) and len(found) == 2 and all(isinstance(one, str) for one in found)
    )


def _spell_abbreviations(text: str) -> str:
    if len(_DOT_INSIDE.findall(text)) < _MOST_DOTS:
        return text

    return _DOT_INSIDE.sub(" ", text)
