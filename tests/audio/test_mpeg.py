"""MP3 frames: counting them, and giving a length to a file that has none."""

from __future__ import annotations

import pytest

from audio import mp3_frames
from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from tests.support import audio_files


def without_tag(mp3: bytes) -> bytes:
    """The file without its first frame, which holds the length tag and no sound."""
    first = mp3_frames.read_frame(mp3, 0)
    assert first is not None
    return mp3[first.size :]


def mixed_rates() -> bytes:
    """An MP3 of variable bit rate without a length tag, as programs write to a pipe: quiet
    beginning, costly end.
    """
    low, high = (
        without_tag(encode_sound(audio_files.clip(), Output(codec="mp3", bit_rate_bps=rate)))
        for rate in (32_000, 160_000)
    )
    return low + high


class TestStreams:
    def test_count_the_frames_that_the_tag_declares(self) -> None:
        (stream,) = mp3_frames.read_streams(audio_files.encoded("mp3")).streams

        assert stream.frames == stream.declared

    def test_hold_no_leading_id3_tag(self) -> None:
        data = audio_files.encoded("mp3")

        found = mp3_frames.read_streams(b"ID3\x04\0\0\0\0\x01\x00" + bytes(128) + data)

        assert found == mp3_frames.read_streams(data)
        assert found.stray_bytes == 0

    @pytest.mark.parametrize(
        "data", [b"", b"ID3", b"\xff", b"\xff\xfb\x90", b"ID3\x04\0\0\x7f\x7f\x7f\x7f", bytes(9)]
    )
    def test_are_none_where_nothing_is(self, data: bytes) -> None:
        assert mp3_frames.read_streams(data).streams == ()


class TestWithoutLengthTag:
    def test_a_file_of_changing_bit_rate_is_read_to_its_end(self) -> None:
        found = decode_untrusted(mixed_rates())

        assert found.seconds == pytest.approx(2 * audio_files.clip().seconds, abs=0.2)
