"""Files that are unusual and honest: read whole, or refused by what they are. Numbers are of the
cases whose kin they are.
"""

from __future__ import annotations

import io
import struct
from typing import cast

import av
import numpy as np
import pytest
import soundfile

from audio.containers import Container, UnreadableAudio
from audio.decoding import DecodedFile, decode_untrusted
from audio.sound import Sound
from tests.support import audio_files

SOUND = audio_files.clip()
PCM = SOUND.pcm16()
WAV = audio_files.wav(PCM)
ID3 = b"ID3\x03\0\0\0\0\x02\x00" + bytes(256)
APE = b"APETAGEX" + struct.pack("<III8x", 2000, 32, 0) + bytes(0)


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body


def with_chunk(added: bytes) -> bytes:
    """The WAV with something between its format and its sound."""
    return WAV[:36] + added + WAV[36:]


def write(sound: Sound, *, container: str, subtype: str) -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, sound.samples, sound.rate, subtype, format=container)
    return sink.getvalue()


def film(container: str, *codecs: str, options: dict[str, str] | None = None) -> bytes:
    """A file of FFmpeg's with a track in each of these codecs."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=container, options=options or {}) as file:
        tracks = [
            cast("av.AudioStream", file.add_stream(codec, rate=16_000, layout="mono"))
            for codec in codecs
        ]
        for track in tracks:
            frame = av.AudioFrame.from_ndarray(
                np.frombuffer(PCM, "<i2")[None], format="s16", layout="mono"
            )
            frame.sample_rate = 16_000
            file.mux(track.encode(frame))
            file.mux(track.encode(None))
    return sink.getvalue()


def read(data: bytes) -> DecodedFile:
    return decode_untrusted(data, accepts_cut=True)


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(UnreadableAudio) as caught:
        decode_untrusted(data)
    return caught.value.reason, str(caught.value.detail)


class TestAWav:
    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(WAV[:40] + struct.pack("<I", 44) + PCM, id="03 first block's length"),
            pytest.param(with_chunk(chunk(b"LIST", b"INFO", 12)), id="06 a length with its head"),
            pytest.param(with_chunk(chunk(b"LIST", b"INFOxxxx", 0)), id="06 a length of nothing"),
            pytest.param(with_chunk(chunk(b"LIST", b"INFO", 2**31 - 1)), id="06 beyond the end"),
            pytest.param(with_chunk(bytes(16)), id="06 zeros between chunks"),
            pytest.param(WAV[:12] + WAV[36:] + WAV[12:36], id="06 the format behind the sound"),
            pytest.param(ID3 + WAV, id="12 a tag in front"),
            pytest.param(WAV + b"TAG" + bytes(125), id="12 a tag behind"),
            pytest.param(
                WAV[:36] + chunk(b"data", PCM[:30_000]) + chunk(b"data", PCM[30_000:]),
                id="15 its sound in two chunks",
            ),
        ],
    )
    def test_is_read_whole_with(self, data: bytes) -> None:
        assert read(data).sound.pcm16() == PCM

    @pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
    @pytest.mark.parametrize("size", [0, 2**64 - 1])
    def test_of_kin_to_07_that_was_never_completed_is_read(self, kind: bytes, size: int) -> None:
        ds64 = chunk(b"ds64", struct.pack("<QQQI", size, size, size, 0))
        data = kind + b"\xff" * 4 + b"WAVE" + ds64 + WAV[12:36] + b"data\xff\xff\xff\xff" + PCM

        assert read(data).sound.pcm16() == PCM

    def test_of_very_many_chunks_is_searched_for_its_sound(self) -> None:
        assert read(with_chunk(chunk(b"junk", b"") * 50_000)).sound.pcm16() == PCM

    @pytest.mark.parametrize(("tag", "name"), [(0x57, "AMR"), (0x704F, "Opus"), (0x1234, "0x1234")])
    def test_of_another_codec_is_told_of_it(self, tag: int, name: str) -> None:
        reason, detail = refusal(audio_files.wav(PCM, kind=tag))

        assert (reason, name in detail) == ("inner_codec", True)


class TestAnMp3:
    FRAMES = audio_files.encoded("mp3")

    @pytest.mark.parametrize(
        "before",
        [
            pytest.param(bytes(4096), id="12 zeros"),
            pytest.param(b"TAG" + bytes(125), id="12 an old tag"),
            pytest.param(APE, id="12 an APE tag"),
            pytest.param(b"\r\n", id="12 a line end"),
            pytest.param(b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + bytes(64), id="12 a tag beyond the end"),
        ],
    )
    def test_is_known_behind(self, before: bytes) -> None:
        found = read(before + self.FRAMES)

        assert found.container is Container.MP3
        assert found.seconds == pytest.approx(SOUND.seconds, abs=0.1)

    def test_that_begins_within_a_frame_is_read(self) -> None:
        found = read(self.FRAMES[137:])

        assert found.seconds == pytest.approx(SOUND.seconds, abs=0.2)


class TestAnOgg:
    """14, 15: no stream is left out."""

    OPUS = write(SOUND, container="OGG", subtype="OPUS")
    VORBIS = write(SOUND, container="OGG", subtype="VORBIS")

    @pytest.mark.parametrize("data", [OPUS + VORBIS, VORBIS + OPUS], ids=["opus", "vorbis"])
    def test_that_goes_on_in_another_codec_is_read_whole(self, data: bytes) -> None:
        assert read(data).seconds == pytest.approx(2 * SOUND.seconds, abs=0.1)

    def test_of_streams_side_by_side_is_read_whole(self) -> None:
        data = film("ogg", "libopus", "libopus")

        assert read(data).seconds == pytest.approx(2 * SOUND.seconds, abs=0.1)

    def test_behind_a_tag_is_read(self) -> None:
        assert read(ID3 + self.OPUS).seconds == pytest.approx(SOUND.seconds, abs=0.1)

    def test_of_another_codec_is_told_of_it(self) -> None:
        reason, detail = refusal(self.OPUS.replace(b"OpusHead", b"\x7fFLAC\1\0\0"))

        assert (reason, "FLAC" in detail) == ("inner_codec", True)

    def test_of_a_few_bytes_was_cut_off(self) -> None:
        assert refusal(self.OPUS[:300])[0] == "truncated"


class TestAFilm:
    """25, 27: its sound counts, and what is not read is told."""

    M4A = audio_files.encoded("m4a")

    def test_of_an_old_camera_needs_no_type(self) -> None:
        assert read(self.M4A.replace(b"ftyp", b"free", 1)).container is Container.M4A

    def test_without_sound_says_so(self) -> None:
        sink = io.BytesIO()
        with av.open(sink, "w", format="mp4") as file:
            track = file.add_stream("mpeg4", rate=25, width=64, height=64, pix_fmt="yuv420p")
            file.mux(track.encode(av.VideoFrame(64, 64, "yuv420p")))
            file.mux(track.encode(None))

        assert refusal(sink.getvalue())[0] == "empty"

    def test_without_its_index_was_cut_off(self) -> None:
        assert refusal(self.M4A[: len(self.M4A) // 2])[0] == "truncated"

    def test_cut_off_behind_its_index_is_read_as_far_as_it_goes(self) -> None:
        data = film("mp4", "aac", options={"movflags": "frag_keyframe+empty_moov"})
        found = read(data[: round(0.6 * len(data))])

        assert found.is_cut_off
        assert 0.3 * SOUND.seconds < found.seconds < 0.8 * SOUND.seconds

    def test_with_a_track_that_no_one_reads_is_told_of(self) -> None:
        data = film("mp4", "aac", "alac")
        found = read(data.replace(b"alac", b"apac"))

        assert found.has_unread_tracks
        assert found.seconds == pytest.approx(SOUND.seconds, abs=0.1)
        assert refusal(film("mp4", "alac").replace(b"alac", b"apac"))[0] == "inner_codec"


class TestAFlac:
    FLAC = audio_files.encoded("flac")

    def test_that_was_cut_off_is_read_as_far_as_it_goes(self) -> None:
        found = read(self.FLAC[: round(0.6 * len(self.FLAC))])

        assert found.is_cut_off
        assert 0.3 * SOUND.seconds < found.seconds < 0.8 * SOUND.seconds

    def test_with_a_large_picture_is_read(self) -> None:
        size = 2_000_000
        head = b"\0\0\0\3\0\0\0\x0aimage/jpeg" + bytes(20) + size.to_bytes(4, "big")
        block = b"\x06" + (len(head) + size).to_bytes(3, "big") + head + bytes(size)
        found = read(ID3 + self.FLAC[:42] + block + self.FLAC[42:])

        assert found.seconds == pytest.approx(SOUND.seconds, abs=0.1)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"FORM\0\0\0\0AIFC", "AIFF"),
        (b"caff\0\1\0\0", "CAF"),
        (b"#!AMR-WB\n" + bytes(99), "AMR"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "Windows Media"),
        (b"RIFX\0\0\0\0WAVE", "big-endian"),
        (b"\xff\xfd\x90\x64" + bytes(99), "layer II"),
        (b"\xff\xf1\x50\x80" + bytes(99), "AAC"),
        (b"data:audio/wav;base64,UklGRg==", "data URL"),
    ],
)
def test_a_format_that_is_not_read_is_named(data: bytes, name: str) -> None:
    reason, detail = refusal(data)

    assert (reason, name in detail) == ("unknown_format", True)
