"""Audio files for the tests: the reader of `tests/data/audio`, and files made wrong on purpose."""

from __future__ import annotations

import io
import struct
from functools import cache
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.encoding import Output, encode_sound
from audio.sound import Sound

CLIPS = Path(__file__).parents[1] / "data" / "audio"
CODECS = ("wav", "mp3", "flac", "ogg", "opus")


@cache
def clip(number: str = "0870") -> Sound:
    """One excerpt of the reader, 16 kHz."""
    samples, rate = soundfile.read(CLIPS / f"librivox-austen-{number}.wav", dtype="float32")
    return Sound(samples, rate)


@cache
def encoded(codec: str) -> bytes:
    """The first excerpt in this codec."""
    return encode_sound(clip(), Output(codec=codec))


def tone(seconds: float = 1.0, rate: int = 16_000) -> NDArray[np.float32]:
    """A sine of 440 Hz at half of full scale."""
    at = np.arange(int(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)


def wav(
    body: bytes,
    *,
    channels: int = 1,
    rate: int = 16_000,
    bits: int = 16,
    kind: int = 1,
    size: int | None = None,
    riff: int | None = None,
    before: bytes = b"",
) -> bytes:
    """A WAV file written by hand, so that its header can say anything, with chunks `before` the
    sound.
    """
    align = channels * bits // 8
    fmt = struct.pack("<HHIIHH", kind, channels, rate, rate * align % 2**32, align % 2**16, bits)
    told = len(body) if size is None else size
    whole = 36 + len(before) + len(body) if riff is None else riff
    head = b"RIFF" + struct.pack("<I", whole) + b"WAVEfmt " + struct.pack("<I", 16) + fmt
    return head + before + b"data" + struct.pack("<I", told) + body


@cache
def silent_flac(seconds: int, rate: int = 8_000) -> bytes:
    """Digital silence: ten hours of it are 0.9 MB."""
    sink = io.BytesIO()
    with soundfile.SoundFile(sink, "w", rate, 1, format="FLAC", subtype="PCM_16") as file:
        block = np.zeros(rate * 600, dtype=np.int16)
        for start in range(0, seconds, 600):
            file.write(block[: rate * min(600, seconds - start)])
    return sink.getvalue()


def with_declared_samples(flac: bytes, samples: int) -> bytes:
    """The FLAC with another total in its STREAMINFO (36 bits ending at byte 26)."""
    head = int.from_bytes(flac[18:26], "big") >> 36 << 36 | samples
    return flac[:18] + head.to_bytes(8, "big") + flac[26:]


def scratched(data: bytes, *, bytes_hit: int = 400, seed: int = 7) -> bytes:
    """The file with random bytes overwritten."""
    random = np.random.default_rng(seed)
    hurt = bytearray(data)
    for at in random.integers(0, len(data), bytes_hit):
        hurt[at] = int(random.integers(256))
    return bytes(hurt)


def snr_db(original: NDArray[np.float32], copy: NDArray[np.float32]) -> float:
    """How far the difference lies below the original, in dB, after lining the two up within 2000
    samples.
    """
    length = min(len(original), len(copy))
    a, b = original[:length].astype(float), copy[:length].astype(float)
    size = 2 ** (2 * length - 1).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)))
    lag = max(range(-2000, 2000), key=lambda shift: likeness[shift])
    b = np.roll(b, -lag)
    inner = slice(2000, length - 2000)
    return float(10 * np.log10(np.sum(a[inner] ** 2) / np.sum((a[inner] - b[inner]) ** 2)))


def remuxed(data: bytes, container: str) -> bytes:
    """The same coded sound, written again by FFmpeg's muxer, as editors and uploads do: `ffmpeg -c
    copy`.
    """
    sink = io.BytesIO()
    with av.open(io.BytesIO(data), "r") as source, av.open(sink, "w", format=container) as target:
        stream = source.streams.audio[0]
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:  # the last one only says that there are no more
                packet.stream = copy
                target.mux(packet)
    return sink.getvalue()
