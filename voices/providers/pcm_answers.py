"""Answers that should be bare PCM. What is a file of another format would be loud noise."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Final

from audio.sound import Sound
from upstream.exchange import AsyncUpstreamStream
from upstream.upstream_errors import ProviderUnavailable
from voices.providers.pcm_chunks import read_pcm16

_NO_AUDIO: Final = ("application/json", "text/", "audio/mpeg", "audio/mp4", "audio/ogg")
_FILES: Final = (b"RIFF", b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"{")


def read_pcm_answer(data: bytes, headers: Mapping[str, str], *, rate: int) -> Sound:
    """Return the sound of an answer in 16-bit little-endian mono PCM.

    Raises ProviderUnavailable for an answer that is something else, or empty.
    """
    _check_media_type(headers)
    if not data or data.startswith(_FILES):
        raise _no_pcm()

    return read_pcm16(data, rate)


async def guard_pcm(
    parts: AsyncIterable[bytes], headers: Mapping[str, str]
) -> AsyncIterator[bytes]:
    """Yield the `parts` of such an answer, once its head is seen to be no other format.

    Raises ProviderUnavailable.
    """
    _check_media_type(headers)

    is_first = True
    async for part in parts:
        if is_first and part.startswith(_FILES):
            raise _no_pcm()
        is_first = is_first and not part
        if part:
            yield part

    if is_first:
        raise _no_pcm()


def guard_answer(stream: AsyncUpstreamStream) -> AsyncIterator[bytes]:
    """Yield the parts of a stream of such samples, as `guard_pcm` does."""
    return guard_pcm(stream, stream.headers)


def _check_media_type(headers: Mapping[str, str]) -> None:
    if headers.get("content-type", "").lower().startswith(_NO_AUDIO):
        raise _no_pcm()


def _no_pcm() -> ProviderUnavailable:
    return ProviderUnavailable("The provider's answer is not the audio that was asked for.")
