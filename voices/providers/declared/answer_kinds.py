"""The five ways in which engines answer a text, read to sound or to the file that came.

What is not as declared is an error. Headerless samples are believed only under the content type of
a sound: a page of text would else be noise.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any, Final

import numpy as np

from audio.sound import Sound
from core.canonical_json import Json
from upstream.upstream_errors import ProviderRefused, ProviderUnavailable
from voices.providers.answer_reading import (
    parse_answer,
    require_base64,
    require_text,
    split_lines,
)
from voices.providers.base import EncodedAudio
from voices.providers.declared.declarations import EngineAnswer
from voices.providers.pcm_chunks import read_pcm16

LONGEST_HEADER: Final = 2**16
_RIFF: Final = 12
_MONO_PCM: Final = (1, 1, 16)


def check_media_type(answer: EngineAnswer, headers: Mapping[str, str]) -> None:
    """Check that the content type is one of a sound. Raises ProviderUnavailable."""
    if answer.kind in {"json", "url"}:
        return

    told = headers.get("content-type", "").partition(";")[0].strip().lower()
    taken = ("text/event-stream",) if answer.kind == "sse" else answer.media_types
    if not any(told.startswith(kind) and (kind or not told) for kind in taken):
        raise ProviderUnavailable("The provider's answer is no sound by its content type.")


def read_whole_file(answer: EngineAnswer, data: bytes) -> EncodedAudio:
    """Return the file of an answer of the kind `file` or `json`. Raises ProviderUnavailable."""
    if answer.kind == "json":
        data = require_base64(parse_answer(data), *answer.path)
    if answer.is_wav and not (data.startswith(b"RIFF") and data[8:_RIFF] == b"WAVE"):
        raise ProviderUnavailable("The provider's answer is no WAV, which was asked for.")

    return EncodedAudio(data=data)


def read_whole_pcm(data: bytes, rate: int) -> Sound:
    """Return the sound of samples that came whole. Raises ProviderUnavailable for none."""
    if len(data) < 2:
        raise ProviderUnavailable("The provider's answer holds no sound.")

    return read_pcm16(data, rate)


def read_audio_url(answer: EngineAnswer, data: bytes) -> str:
    """Return the address of the audio in an answer. Raises ProviderUnavailable."""
    return require_text(parse_answer(data), *answer.path)


async def read_events(answer: EngineAnswer, parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the samples of an event stream.

    Raises ProviderRefused for an error among the events, ProviderUnavailable for an end without a
    last event.
    """
    named = ""
    async for line in split_lines(parts):
        field, _, rest = line.partition(b":")
        value = rest.strip()
        if field == b"event":
            named = value.decode("utf-8", "replace")
        if field != b"data":
            continue
        if value == b"[DONE]":
            return

        event = parse_answer(value)
        kind = str(event.get("type") or named)
        if kind == answer.event:
            yield require_base64(event, *answer.path)
        elif kind.endswith(".done"):
            return
        elif kind.endswith("error"):
            raise ProviderRefused("The provider broke the text off.")

    raise ProviderUnavailable("The provider's answer broke off.")


async def convert_samples(
    answer: EngineAnswer, parts: AsyncIterable[bytes]
) -> AsyncIterator[bytes]:
    """Yield samples of 16 bits for those that the engine sends. A sample may be cut anywhere."""
    if answer.samples == "s16le":
        async for part in parts:
            yield part
        return

    rest = b""
    async for part in parts:
        rest += part
        whole = len(rest) // 4 * 4
        loud = np.frombuffer(rest[:whole], dtype="<f4")
        rest = rest[whole:]
        sound = np.clip(np.nan_to_num(loud), -1.0, 1.0) * np.float32(32767)
        yield np.round(sound).astype("<i2").tobytes()


async def open_wav_stream(parts: AsyncIterable[bytes]) -> tuple[int, AsyncIterator[bytes]]:
    """Return the rate and the samples of a WAV that comes in parts, of one channel and 16 bits.

    Raises ProviderUnavailable for another one, and for a header of more than 64 KiB.
    """
    source, head = aiter(parts), b""
    async for part in source:
        head += part
        if (found := _find_samples(head)) is not None:
            rate, place = found
            return rate, _chain(head[place:], source)
        if len(head) > LONGEST_HEADER:
            break

    raise ProviderUnavailable("The provider's answer is no WAV, which was asked for.")


def read_rate(answer: EngineAnswer, settings: Mapping[str, Json]) -> int:
    """Return the rate of headerless samples: the engine's, else that of the account's settings."""
    if answer.rate is not None:
        return answer.rate

    rate: Any = settings.get("sample_rate_hz")
    return int(rate)


def _find_samples(head: bytes) -> tuple[int, int] | None:
    """Return the rate and where the samples begin, None while the header is not whole."""
    if len(head) < _RIFF:
        return None
    if not (head.startswith(b"RIFF") and head[8:_RIFF] == b"WAVE"):
        raise ProviderUnavailable("The provider's answer is no WAV, which was asked for.")

    place, rate = _RIFF, 0
    while place + 8 <= len(head):
        name, size = head[place : place + 4], int.from_bytes(head[place + 4 : place + 8], "little")
        if name == b"data":
            return (rate, place + 8) if rate else _refuse_wav()
        if name == b"fmt ":
            if place + 24 > len(head):
                return None
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, place + 8)
            if (kind, channels, bits) != _MONO_PCM:
                _refuse_wav()
        place += 8 + size + size % 2

    return None


def _refuse_wav() -> tuple[int, int]:
    raise ProviderUnavailable("The provider streams a WAV of another kind than 16 bits and mono.")


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for part in rest:
        yield part
