"""From a provider's running PCM to pieces of sound, each with its part of the text."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from typing import Final

import numpy as np

from audio.sound import FULL_SCALE, Sound
from voices.providers.base import AudioChunk

PIECE_SECONDS: Final = 0.25
FASTEST_SPEECH: Final = 30
"""Characters a second that no one outruns: what is charged of a stream that broke off."""
_RIFF: Final = b"RIFF"


async def cut_pcm(
    parts: AsyncIterable[bytes], *, rate: int, text_length: int
) -> AsyncGenerator[AudioChunk, None]:
    """Yield pieces of at least a quarter of a second from 16-bit little-endian mono PCM.

    `parts` may be cut anywhere. The characters of all pieces add up to `text_length`: a piece
    counts what the fastest speech could have said in it, and the last one the rest.
    """
    least, rest, counted = 2 * round(PIECE_SECONDS * rate), b"", 0
    async for part in parts:
        rest += part
        if len(rest) < least + 2:
            continue

        # Something is kept back, so that the last piece is never empty.
        whole = (len(rest) - 2) // 2 * 2
        piece, rest = rest[:whole], rest[whole:]
        seconds = len(piece) / 2 / rate
        characters = min(round(seconds * FASTEST_SPEECH), text_length - counted)
        counted += characters
        yield AudioChunk(sound=read_pcm16(piece, rate), characters=characters)

    if len(rest) >= 2:
        yield AudioChunk(sound=read_pcm16(rest, rate), characters=text_length - counted)


def read_pcm16(data: bytes, rate: int) -> Sound:
    """Return the sound of 16-bit little-endian mono PCM. Half a sample at the end is left out."""
    samples = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.float32)
    return Sound(samples / np.float32(FULL_SCALE), rate)


def strip_wav_header(data: bytes) -> bytes:
    """Return the samples of a piece that may begin with a WAV header of its own."""
    if not data.startswith(_RIFF):
        return data

    place = data.find(b"data", 12)
    return data[place + 8 :] if place >= 0 else b""
