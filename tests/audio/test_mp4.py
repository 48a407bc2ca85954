"""M4A: made in a sealed child, where its encoder is, and refused where it is not."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import mp4
from audio.decoding import decode_untrusted
from audio.encoding import Output, check_output, encode_sound
from audio.sound import Sound
from core.errors import Invalid
from tests.support import audio_files
from tests.support.sandbox_programs import build_sandbox


def made(seconds: float = 1.0) -> bytes:
    whole = audio_files.clip()
    return encode_sound(
        Sound(whole.samples[: round(seconds * whole.rate)], whole.rate), Output(codec="m4a")
    )


def moved(data: bytes, by: bytes) -> bytes:
    """The file with a box of its manifest in front of the sound, and the index amended, as C2PA
    does it.
    """
    at = data.index(b"mdat") - 4
    index = data.rindex(b"stco") + 12
    count = int.from_bytes(data[index - 4 : index], "big")
    places = np.frombuffer(data[index : index + 4 * count], ">u4") + len(by)
    return (
        data[:at] + by + data[at:index] + places.astype(">u4").tobytes() + data[index + 4 * count :]
    )


BOX = b"\0\0\0\x18uuid" + bytes(16)


class TestAFile:
    def test_is_aac_to_a_reader_that_is_not_ours(self, tmp_path: Path) -> None:
        if shutil.which("ffprobe") is None:
            pytest.skip("no ffprobe (apt-get install ffmpeg)")
        (tmp_path / "clip.m4a").write_bytes(made())

        words = [
            "ffprobe",
            "-v",
            "error",
            "-show_streams",
            "-of",
            "json",
            str(tmp_path / "clip.m4a"),
        ]
        (stream,) = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)[
            "streams"
        ]
        assert (stream["codec_name"], stream["channels"], stream["sample_rate"]) == (
            "aac",
            1,
            "24000",
        )
        assert abs(float(stream["duration"]) - 1.0) < 0.001

    def test_is_the_same_for_the_same_sound(self) -> None:
        assert made() == made()

    @pytest.mark.parametrize("rate", [16_000, 128_000])
    def test_has_about_the_bit_rate_asked_for(self, rate: int) -> None:
        data = encode_sound(
            audio_files.clip(), Output(codec="m4a", sample_rate_hz=48_000, bit_rate_bps=rate)
        )

        assert 8 * len(data) / audio_files.clip().seconds == pytest.approx(rate, rel=0.35)

    def test_is_not_promised_where_the_encoder_is_missing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mp4, "is_encoder_available", lambda: False)

        with pytest.raises(Invalid) as caught:
            check_output(Output(codec="m4a"))
        assert [(fault.code, fault.attr) for fault in caught.value.faults] == [
            ("unsupported_field", "output.codec")
        ]

    @pytest.mark.parametrize("body", ["", "sink.write(b'nonsense')", "os.abort()"])
    def test_is_asked_for_again_when_the_encoder_failed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
    ) -> None:
        sandbox = build_sandbox(tmp_path, body)
        monkeypatch.setattr(mp4, "_SANDBOX", sandbox)

        with pytest.raises(mp4.EncoderUnavailable):
            made()
        sandbox.close()

    def test_is_asked_for_again_when_the_encoder_cannot_start(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sandbox = build_sandbox(tmp_path, "", load="raise ImportError")
        monkeypatch.setattr(mp4, "_SANDBOX", sandbox)

        with pytest.raises(mp4.EncoderUnavailable):
            made()
        sandbox.close()

    def test_is_made_by_a_program_of_the_sandbox(self) -> None:
        assert mp4._SANDBOX.program == Path(mp4.__file__).with_name("aac_child.py")
        assert mp4._SANDBOX.limits.memory == 2**30


class TestTheSameSound:
    def test_is_a_file_with_one_box_more(self) -> None:
        data = made()

        assert mp4.is_same_sound(moved(data, BOX), data)
        assert np.array_equal(
            decode_untrusted(moved(data, BOX)).sound.samples, decode_untrusted(data).sound.samples
        )

    def test_is_nothing_else(self) -> None:
        data = made()
        good = moved(data, BOX)
        sound = good.index(b"mdat") + 100

        assert not mp4.is_same_sound(data, data)
        assert not mp4.is_same_sound(
            good[:sound] + bytes([good[sound] ^ 1]) + good[sound + 1 :], data
        )
        assert not mp4.is_same_sound(moved(data, b"\0\0\0\x18free" + bytes(16)), data)
        assert not mp4.is_same_sound(data.replace(b"\0\0\0\x08free", BOX + b"\0\0\0\x08free"), data)
        assert not mp4.is_same_sound(good.replace(b"mvhd\0\0\0\0", b"mvhd\0\0\0\1"), data)

    @given(st.binary(max_size=200))
    def test_is_not_seen_in_nonsense(self, data: bytes) -> None:
        assert not mp4.is_same_sound(data, b"")
        with pytest.raises(ValueError, match="no M4A"):
            mp4.add_text_box(data, b"AIGC", b"x")
