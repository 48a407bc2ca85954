"""MP3 as LAME makes it: exact lengths, exact bit rates, and a tag that other readers believe."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fastcrc import crc16
from numpy.typing import NDArray

from audio import mp3_frames
from audio.encoding import RATES, get_bit_rates
from audio.mp3_encoder import Mp3Encoder, encode_mp3

COMBINATIONS = [
    (rate, bit_rate)
    for rate in RATES
    if (allowed := get_bit_rates("mp3", rate)) is not None
    for bit_rate in allowed.listed
]


def make_hum(samples: int, rate: int) -> NDArray[np.int16]:
    """Return a hum whose pitch moves, so that a shift would show."""
    time = np.arange(samples) / rate
    hum = np.sin(2 * np.pi * (180 * time + 60 * time**2)) * 9_000
    return hum.astype(np.int16)


@pytest.mark.parametrize(("rate", "bit_rate"), COMBINATIONS)
def test_each_rate_and_bit_rate_is_made_as_asked(rate: int, bit_rate: int) -> None:
    pcm = make_hum(rate // 3, rate)

    data = encode_mp3(pcm, rate=rate, bit_rate=bit_rate)
    samples, heard_rate = soundfile.read(io.BytesIO(data), dtype="int16")
    (stream,) = mp3_frames.read_streams(data).streams

    assert (heard_rate, len(samples)) == (rate, len(pcm))
    per_frame = 1152 if rate >= 32_000 else 576
    # Behind the tag. Padding makes frames differ by one byte.
    sound = stream.sound[len(data) - len(encode_frames(pcm, rate, bit_rate)) :]
    told = len(sound) * 8 * rate / (stream.frames * per_frame)
    assert told == pytest.approx(bit_rate, rel=0.01)
    # The tone stands where it stood: a shift by one sample leaves less.
    distance = np.abs(samples.astype(float) - pcm).mean()
    shifted = np.abs(samples[1:].astype(float) - pcm[:-1]).mean()
    assert distance < shifted


@pytest.mark.parametrize("count", [1, 48, 575, 576, 577, 1_105, 24_000, 24_001])
@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100])
def test_a_decoder_gets_just_as_many_samples_as_went_in(rate: int, count: int) -> None:
    data = encode_mp3(make_hum(count, rate), rate=rate, bit_rate=64_000)
    assert len(soundfile.read(io.BytesIO(data))[0]) == count


def test_pieces_make_the_same_frames_as_a_whole() -> None:
    pcm = make_hum(50_000, 24_000)
    encoder = Mp3Encoder(24_000, 64_000)
    pieces = [encoder.push(pcm[at : at + 777]) for at in range(0, len(pcm), 777)]

    streamed = b"".join(pieces) + encoder.finish()

    assert streamed == encode_frames(pcm, 24_000, 64_000)
    assert encode_mp3(pcm, rate=24_000, bit_rate=64_000).endswith(streamed)


def test_nothing_makes_no_frames() -> None:
    encoder = Mp3Encoder(24_000, 64_000)
    assert encoder.push(np.zeros(0, np.int16)) + encoder.finish() == b""
    assert encode_mp3(np.zeros(0, np.int16), rate=24_000, bit_rate=64_000) == b""


def test_the_tag_declares_its_own_bytes_and_checksums() -> None:
    data = encode_mp3(make_hum(24_000, 24_000), rate=24_000, bit_rate=64_000)
    size = len(data) - len(encode_frames(make_hum(24_000, 24_000), 24_000, 64_000))
    place = data.index(b"Info")

    assert int.from_bytes(data[place + 12 : place + 16], "big") == len(data)
    lame = place + 120
    assert data[lame : lame + 4] == b"LAME"
    end = lame + 34
    assert int.from_bytes(data[end - 2 : end], "big") == crc16.arc(data[size:])
    assert int.from_bytes(data[end : end + 2], "big") == crc16.arc(data[:end])


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
def test_ffmpeg_believes_the_tag(tmp_path: Path) -> None:
    path = tmp_path / "hum.mp3"
    path.write_bytes(encode_mp3(make_hum(48_000, 24_000), rate=24_000, bit_rate=64_000))

    read = subprocess.run(
        ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-of", "json", str(path)],
        check=True,
        capture_output=True,
    )
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-"],
        check=True,
        capture_output=True,
    )

    (stream,) = json.loads(read.stdout)["streams"]
    assert stream["bit_rate"] == "64000"
    assert len(decoded.stdout) == 2 * 48_000
    assert decoded.stderr == b""


def encode_frames(pcm: NDArray[np.int16], rate: int, bit_rate: int) -> bytes:
    """Return the frames alone, without a tag."""
    encoder = Mp3Encoder(rate, bit_rate)
    return encoder.push(pcm) + encoder.finish()
