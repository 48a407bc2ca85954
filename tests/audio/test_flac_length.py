"""A FLAC's header names its length.

What lies there is refused, what is honest is read, whatever stands around it.
"""

from __future__ import annotations

import pytest

from audio.containers import UnreadableAudio
from audio.decoding import decode_untrusted
from tests.support import audio_files

TAG = b"TAG" + bytes(125)  # ID3v1, behind the sound
PICTURE = b"ID3\x04\x00\x00\x00\x00\x08\x00" + bytes(1024)  # ID3v2, before it
PADDING = b"\x01\x00\x10\x00" + bytes(4096)
SEEK_TABLE = b"\x03\x00\x00\x24" + bytes(18) + b"\xff" * 8 + bytes(10)


def with_block(flac: bytes, block: bytes) -> bytes:
    """The FLAC with another block of metadata behind its STREAMINFO."""
    return flac[:42] + block + flac[42:]


def speech() -> bytes:
    return audio_files.encoded("flac")


def samples_of(flac: bytes) -> int:
    return int.from_bytes(flac[18:26], "big") & (2**36 - 1)


class TestAFlacWithMoreSoundThanItNames:
    @pytest.mark.parametrize("named", [1, 8_000 * 5, 8_000 * 298, 8_000 * 299 - 1])
    def test_is_unreadable_however_small_the_rest_is(self, named: int) -> None:
        silence = audio_files.silent_flac(299)
        assert len(silence) < 2**16
        with pytest.raises(UnreadableAudio) as caught:
            decode_untrusted(audio_files.with_declared_samples(silence, named))
        assert caught.value.reason == "unreadable"

    @pytest.mark.parametrize("cut", [1, 24_000, 24_000 * 2])
    def test_is_unreadable_when_it_is_speech(self, cut: int) -> None:
        with pytest.raises(UnreadableAudio):
            decode_untrusted(
                audio_files.with_declared_samples(speech(), samples_of(speech()) - cut)
            )

    @pytest.mark.parametrize("block", [PADDING, SEEK_TABLE, PADDING + SEEK_TABLE])
    def test_is_unreadable_behind_other_metadata(self, block: bytes) -> None:
        with pytest.raises(UnreadableAudio):
            decode_untrusted(
                with_block(
                    audio_files.with_declared_samples(audio_files.silent_flac(299), 40_000), block
                )
            )

    @pytest.mark.parametrize(
        "front", [PICTURE, PICTURE * 2, PICTURE[:-42] + audio_files.silent_flac(1)[:42]]
    )
    def test_is_unreadable_behind_a_tag(self, front: bytes) -> None:
        with pytest.raises(UnreadableAudio):
            decode_untrusted(
                front + audio_files.with_declared_samples(audio_files.silent_flac(299), 40_000)
            )

    def test_is_unreadable_with_rubbish_in_between(self) -> None:
        one = audio_files.with_declared_samples(audio_files.silent_flac(5), 40_000)
        sound = audio_files.silent_flac(299)
        frames = sound[sound.index(b"\xff\xf8", 42) :]
        with pytest.raises(UnreadableAudio):
            decode_untrusted(one + b"\xff" * 200 + frames)

    def test_is_unreadable_when_a_second_header_names_a_length_again(self) -> None:
        lying = audio_files.with_declared_samples(audio_files.silent_flac(299), 40_000)
        again = b"\x00" + lying[5:42]
        with pytest.raises(UnreadableAudio):
            decode_untrusted(with_block(lying, again))


class TestAnHonestFlac:
    @pytest.mark.parametrize(
        "flac",
        [
            speech(),
            audio_files.with_declared_samples(speech(), 0),
            with_block(speech(), PADDING),
            with_block(speech(), SEEK_TABLE),
            with_block(audio_files.with_declared_samples(speech(), 0), PADDING + SEEK_TABLE),
            PICTURE + speech(),
            speech() + TAG,
            speech() + b"\xff" * 5000,
        ],
        ids=[
            "plain",
            "no length",
            "padding",
            "seek table",
            "no length, both",
            "ID3v2",
            "ID3v1",
            "rubbish behind",
        ],
    )
    def test_is_read_whole(self, flac: bytes) -> None:
        assert decode_untrusted(flac).seconds == pytest.approx(
            audio_files.clip().seconds, abs=0.001
        )
