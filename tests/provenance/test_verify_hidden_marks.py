"""A marked clip behind what needs no skill: other lengths, channels, tracks and tags. Numbers are
those of the cases.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance import verdict_text
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
    "16 turned round": lambda ours: [ours, -ours],
    "noise beside it": lambda ours: [
        np.random.default_rng(3).normal(0, 0.2, len(ours)).astype(np.float32),
        ours,
    ],
    "louder speech beside it": lambda ours: [beside(ours), ours],
    "sixth of six": lambda ours: [beside(ours)] * 5 + [ours],
    "in the difference": lambda ours: [beside(ours) + ours, beside(ours) - ours],
}


SECONDS = {
    "03-sox-pipe.wav": 2.99,
    "05-data-size-zero.wav": 2.99,
    "06-list-odd-no-pad.wav": 2.99,
    "07-rf64.wav": 2.99,
    "08-bw64.wav": 2.99,
    "11-two-id3.mp3": 2.99,
    "12-ape-at-end.mp3": 2.99,
    "12-id3-wrong-size.mp3": 2.99,
    "14-chained.opus": 5.98,
    "15-chained.ogg": 5.98,
    "25-picture-longer.mp4": 2.99,
    "25-picture-longer.webm": 2.99,
}
"""How long the sound of each case is."""
FIELD_FILES = Path(__file__).parents[1] / "data" / "field_files"


def read_case(name: str) -> bytes:
    """A file of the cases, byte for byte."""
    return (FIELD_FILES / name).read_bytes()


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
    @pytest.mark.parametrize("way", CHANNELS)
    def test_of_a_wav_hide_no_mark(self, way: str, ours: Sound, spoken: DeliveredClip) -> None:
        assert is_found(write(np.stack(CHANNELS[way](0.4 * ours.samples), axis=1)), spoken)

    @pytest.mark.parametrize("way", ["16 turned round", "louder speech beside it"])
    def test_of_an_mp3_hide_no_mark(self, way: str, ours: Sound, spoken: DeliveredClip) -> None:
        channels = np.stack(CHANNELS[way](0.4 * ours.samples), axis=1)

        assert is_found(write(channels, container="MP3", subtype="MPEG_LAYER_III"), spoken)


class TestPartsOfAFile:
    """A stranger in front does not hide what follows."""

    def test_of_case_14_are_all_searched(self, ours: Sound, spoken: DeliveredClip) -> None:
        case = read_case("14-chained.opus")
        # The first link alone.
        stranger = case[: case.find(b"OggS", case.rfind(b"OpusHead") - 40)]

        assert is_found(stranger + encode_sound(ours, Output(codec="opus")), spoken)

    @pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
    def test_joined_as_links_are_all_searched(
        self, subtype: str, ours: Sound, spoken: DeliveredClip
    ) -> None:
        links = [
            write(sound.samples, container="OGG", subtype=subtype) for sound in (FOREIGN, ours)
        ]

        assert is_found(b"".join(links), spoken)


class TestHeaders:
    """What stands around the sound hides nothing."""

    @pytest.mark.parametrize("size", [0, 0x7FFFF024, 0xFFFFFFFF])
    def test_of_a_pipe_hide_no_mark(self, size: int, ours: Sound, spoken: DeliveredClip) -> None:
        data = audio_files.wav(ours.pcm16(), rate=RATE, size=size)

        assert is_found(data, spoken)

    def test_of_cases_03_and_11_hide_no_mark(self, ours: Sound, spoken: DeliveredClip) -> None:
        pipe = audio_files.wav(ours.pcm16(), rate=RATE, size=0x7FFFF000, riff=0x7FFFF024)
        tag = b"TIT2" + struct.pack(">I", 8) + b"\0\0" + b"\0podcast"
        tagged = b"ID3\x03\0\0" + bytes([0, 0, 0, len(tag)]) + tag

        assert is_found(pipe, spoken)
        assert is_found(tagged + encode_sound(ours, Output(codec="mp3")), spoken)

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


class TestCases:
    """Files of strangers, and what clips of ours went through before."""

    @pytest.mark.django_db
    def test_03_to_25_are_read_and_not_found(self) -> None:
        for name, seconds in SECONDS.items():
            verdict = verify(read_case(name))

            assert verdict.outcome is Outcome.NOT_FOUND, name
            assert verdict.seconds == pytest.approx(seconds, abs=0.15), name

    @pytest.mark.django_db
    def test_09_is_told_of_its_codec(self) -> None:
        for name in ("09-gsm.wav", "09-ima.wav"):
            verdict = verify(read_case(name))

            assert (verdict.outcome, verdict.why) == (Outcome.UNREADABLE, "inner_codec"), name
            assert "codec" in str(verdict_text.UNREADABLE[verdict.why])

    def test_60_of_a_changed_clip_are_found(self, ours: Sound, spoken: DeliveredClip) -> None:
        y = ours.samples
        nothing = np.zeros_like(y)
        for way, changed in {
            "-60 dB": 1e-3 * y,
            "+12 dB and cut": np.clip(4 * y, -1, 1),
            "60 s of silence in front": np.concatenate((np.zeros(60 * RATE, np.float32), y)),
            "a constant added": 0.5 * y + 0.3,
            "ours left, silence right": np.stack([y, nothing], axis=1),
        }.items():
            assert is_found(write(changed), spoken), way

    def test_60_of_half_a_clip_is_no_silent_miss(self, spoken: DeliveredClip) -> None:
        verdict = verify(spoken.data[: len(spoken.data) // 2])

        assert verdict.outcome in {Outcome.ISSUED, Outcome.ALTERED} or (
            verdict.outcome,
            verdict.why,
        ) == (Outcome.UNREADABLE, "truncated")

    @pytest.mark.django_db
    def test_60_of_a_stranger_is_not_found(self) -> None:
        assert verify(write(FOREIGN.samples)).outcome is Outcome.NOT_FOUND
