"""What makes two clips copies of one sound: names of the sound, the surest first. Pure.

Copies carry one token, so that their mean carries it too (`provenance.clips.shared_tokens`). The
provider's samples say it best. An engine may give nearly the same sound twice, though: at another
level, through a lossy format, or with noise in the last bit. So the same words, spoken by the same
voice in the same manner and for the same time, are one sound as well.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from audio.sound import Sound
from core import canonical_json
from voices.models import Voice
from voices.providers.base import SpeechLine

PER_SECOND: Final = 250
"""Lengths are told apart in steps of 4 ms.

Two takes of an engine that draws by lot mostly differ by more.
"""


def names_of_stream(line: SpeechLine, voice: Voice) -> tuple[bytes, ...]:
    """Return the name of a stream's sound: voice, manner and words.

    A stream leaves before its samples are known.
    """
    return (canonical_json.dump(_spoken_letters(line, voice)),)


def names_of_file(line: SpeechLine, voice: Voice, sound: Sound) -> tuple[bytes, ...]:
    """Return the names of a file's sound: its samples, and its words with the length that they
    took.

    Lengths are counted in two rows of steps, half a step apart, so any two that differ by less than
    half a step share one of the names.
    """
    half_steps = 2 * PER_SECOND * sound.samples.size // sound.rate
    rows = ((row, (half_steps + row) // 2) for row in (0, 1))
    words = _spoken_letters(line, voice)
    return sound.pcm16(), *(canonical_json.dump([*words, row, steps]) for row, steps in rows)


def _spoken_letters(line: SpeechLine, voice: Voice) -> list[canonical_json.Json]:
    """Return what names a text: its letters and digits, since case and punctuation are rarely
    heard.
    """
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", line.text).casefold()))
    return [voice.id, line.language, repr(line.prosody), letters]
