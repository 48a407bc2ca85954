"""Answers that should be bare PCM. What is a file of another format would be loud noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from audio.sound import Sound
from voices.providers.base import ProviderUnavailable
from voices.providers.pcm_chunks import read_pcm16

_NO_AUDIO: Final = ("application/json", "text/", "audio/mpeg", "audio/mp4", "audio/ogg")
_FILES: Final = (b"RIFF", b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"{")


def read_pcm_answer(data: bytes, headers: Mapping[str, str], *, rate: int) -> Sound:
    """Return the sound of an answer in 16-bit little-endian mono PCM.

    Raises ProviderUnavailable for an answer that is something else, or empty.
    """
    return read_pcm16(b"".join(guard_pcm((data,), headers)), rate)


def guard_pcm(parts: Iterable[bytes], headers: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the `parts` of such an answer, once its head is seen to be no other format.

    Raises ProviderUnavailable.
    """
    if headers.get("content-type", "").lower().startswith(_NO_AUDIO):
        raise _no_pcm()

    is_first = True
    for part in parts:
        if is_first and part.startswith(_FILES):
            raise _no_pcm()
        is_first = is_first and not part
        if part:
            yield part

    if is_first:
        raise _no_pcm()


def _no_pcm() -> ProviderUnavailable:
    return ProviderUnavailable("The provider's answer is not the audio that was asked for.")
