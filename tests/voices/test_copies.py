"""When two clips are copies of one sound: what an engine that is not exact may change, and what it
may not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from core import ids
from tests.support.audio_files import clip
from voices.models import Voice
from voices.providers.base import SpeechLine
from voices.speech.copy_names import names_of_file, names_of_stream

LINE = SpeechLine(text="The harbour lay quiet.", language="en")
VOICE = Voice(id=ids.new("vox"))
SOUND = clip()


def louder(decibels: float) -> Sound:
    return Sound(SOUND.samples * np.float32(10 ** (decibels / 20)), SOUND.rate)


def moved(samples: int) -> Sound:
    return Sound(np.pad(SOUND.samples, (samples, 0)), SOUND.rate)


def noisy() -> Sound:
    """Another last bit."""
    noise = np.random.default_rng(1).integers(-1, 2, SOUND.samples.size).astype(
        np.float32
    ) / np.float32(32_768)
    return Sound(SOUND.samples + noise, SOUND.rate)


def coded() -> Sound:
    data = encode_sound(SOUND, Output(codec="mp3", sample_rate_hz=SOUND.rate, bit_rate_bps=128_000))
    return decode_trusted(data, "mp3", rate=SOUND.rate)


def are_copies(one: tuple[bytes, ...], other: tuple[bytes, ...]) -> bool:
    return bool(set(one) & set(other))


class TestAFile:
    @pytest.mark.parametrize(
        "again",
        [
            louder(0.0),
            louder(-1.0),
            louder(0.1),
            noisy(),
            moved(1),
            moved(round(0.001 * SOUND.rate)),
            coded(),
        ],
        ids=[
            "same",
            "softer",
            "louder",
            "last bit",
            "a sample later",
            "a millisecond later",
            "MP3",
        ],
    )
    def test_is_a_copy_when_the_engine_gave_nearly_the_same_sound(self, again: Sound) -> None:
        assert are_copies(names_of_file(LINE, VOICE, SOUND), names_of_file(LINE, VOICE, again))

    def test_is_a_copy_when_other_words_gave_the_same_samples(self) -> None:
        other = replace(LINE, text="The harbor lay quiet.")
        assert are_copies(names_of_file(LINE, VOICE, SOUND), names_of_file(other, VOICE, SOUND))

    @pytest.mark.parametrize("by", [-0.02, -0.005, 0.005, 0.02])
    def test_is_none_when_the_same_words_took_another_time(self, by: float) -> None:
        """So takes of an engine that draws by lot keep their own tokens."""
        size = SOUND.samples.size + round(by * SOUND.rate)
        again = Sound(np.resize(SOUND.samples, size), SOUND.rate)
        assert not are_copies(names_of_file(LINE, VOICE, SOUND), names_of_file(LINE, VOICE, again))

    @pytest.mark.parametrize(
        ("line", "voice"),
        [
            (replace(LINE, text="The harbour lay quite."), VOICE),
            (replace(LINE, language="de"), VOICE),
            (LINE, Voice(id=ids.new("vox"))),
        ],
        ids=["words", "language", "voice"],
    )
    def test_is_none_when_nearly_the_same_sound_was_asked_for_otherwise(
        self, line: SpeechLine, voice: Voice
    ) -> None:
        assert not are_copies(
            names_of_file(LINE, VOICE, SOUND), names_of_file(line, voice, noisy())
        )


class TestAStream:
    @pytest.mark.parametrize(
        "text", ["the harbour lay quiet", "THE HARBOUR, lay quiet!", "The harbour  lay\nquiet."]
    )
    def test_is_a_copy_when_case_and_punctuation_alone_differ(self, text: str) -> None:
        assert names_of_stream(LINE, VOICE) == names_of_stream(replace(LINE, text=text), VOICE)

    def test_is_none_when_the_words_differ(self) -> None:
        assert names_of_stream(LINE, VOICE) != names_of_stream(
            replace(LINE, text="The harbour lay quite."), VOICE
        )
