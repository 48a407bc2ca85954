"""A marked clip behind what needs no skill: other lengths, channels, tracks and tags."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.verification import Outcome, verify
from tests.support import audio_files
from tests.voices.conftest import reading
from voices.speech.clip_delivery import DeliveredClip

RATE = 24_000
FOREIGN = reading("0890").resample(RATE)


def write(channels: np.ndarray, *, container: str = "WAV", subtype: str = "PCM_16") -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, channels, RATE, subtype, format=container)
    return sink.getvalue()


def beside(ours: np.ndarray) -> np.ndarray:
    """Foreign speech as long as ours, twice as loud."""
    return 2 * np.resize(FOREIGN.samples, len(ours))


CHANNELS: dict[str, Callable[[np.ndarray], list[np.ndarray]]] = {
    "turned round": lambda ours: [ours, -ours],
    "noise beside it": lambda ours: [
        np.random.default_rng(3).normal(0, 0.2, len(ours)).astype(np.float32),
        ours,
    ],
    "louder speech beside it": lambda ours: [beside(ours), ours],
    "sixth of six": lambda ours: [beside(ours)] * 5 + [ours],
    "in the difference": lambda ours: [beside(ours) + ours, beside(ours) - ours],
}


@pytest.fixture
def ours(spoken: DeliveredClip) -> Sound:
    return decode_untrusted(spoken.data).sound.resample(RATE)


def is_found(data: bytes, spoken: DeliveredClip) -> bool:
    verdict = verify(data)
    return (
        verdict.outcome in {Outcome.ISSUED, Outcome.ALTERED}
        and verdict.clip is not None
        and verdict.clip.id == spoken.clip_id
    )


class TestChannels:
    """16, 17."""

    @pytest.mark.parametrize("way", CHANNELS)
    def test_of_a_wav_hide_no_mark(self, way: str, ours: Sound, spoken: DeliveredClip) -> None:
        assert is_found(write(np.stack(CHANNELS[way](0.4 * ours.samples), axis=1)), spoken)

    @pytest.mark.parametrize("way", ["turned round", "louder speech beside it"])
    def test_of_an_mp3_hide_no_mark(self, way: str, ours: Sound, spoken: DeliveredClip) -> None:
        channels = np.stack(CHANNELS[way](0.4 * ours.samples), axis=1)

        assert is_found(write(channels, container="MP3", subtype="MPEG_LAYER_III"), spoken)


class TestPartsOfAFile:
    """14, 15: a stranger in front does not hide what follows."""

    @pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
    def test_joined_as_links_are_all_searched(
        self, subtype: str, ours: Sound, spoken: DeliveredClip
    ) -> None:
        links = [
            write(sound.samples, container="OGG", subtype=subtype) for sound in (FOREIGN, ours)
        ]

        assert is_found(b"".join(links), spoken)


class TestHeaders:
    """03, 05, 07, 11, 12: what stands around the sound hides nothing."""

    @pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFF024, 0xFFFFFFFF])
    def test_of_a_pipe_hide_no_mark(self, size: int, ours: Sound, spoken: DeliveredClip) -> None:
        data = audio_files.wav(ours.pcm16(), rate=RATE, size=size)

        assert is_found(data, spoken)

    @pytest.mark.parametrize("tags", [1, 2, 5])
    def test_of_an_mp3_hide_no_mark(self, tags: int, ours: Sound, spoken: DeliveredClip) -> None:
        data = encode_sound(ours, Output(codec="mp3", bit_rate_bps=64_000))
        footer = b"APETAGEX" + struct.pack("<III8x", 2000, 32 + 1, 0)

        assert is_found(b"ID3\x03\0\0\0\0\x02\x00" + bytes(256) + data, spoken)
        assert is_found((b"ID3\x03\0\0\0\0\x02\x00" + bytes(256)) * tags + data, spoken)
        assert is_found(data + bytes(2001) + footer, spoken)

    def test_that_promise_more_still_give_a_verdict_and_tell_of_the_cut(
        self, ours: Sound, spoken: DeliveredClip
    ) -> None:
        data = audio_files.wav(ours.pcm16(), rate=RATE, size=2 * len(ours.pcm16()))

        verdict = verify(data)

        assert verdict.clip is not None
        assert (verdict.clip.id, verdict.why) == (spoken.clip_id, "truncated")

    @pytest.mark.django_db
    def test_that_promise_more_of_a_stranger_are_no_silent_miss(self) -> None:
        data = audio_files.wav(FOREIGN.pcm16(), rate=RATE, size=2 * len(FOREIGN.pcm16()))

        verdict = verify(data)

        assert (verdict.outcome, verdict.why) == (Outcome.UNREADABLE, "truncated")
