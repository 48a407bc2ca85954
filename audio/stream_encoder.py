"""Encoding piece by piece: bytes that can leave at once and are never written again.

Three things differ from a file that is made as a whole:

- WAV declares no length. Both sizes are 0xFFFFFFFF, which readers take for "until the end" (as
  ffmpeg and sox write to a pipe).
- MP3 has no length tag. It would stand in front and is known at the end. The sound is the same,
  without the gapless trimming.
- Opus pages close every fifth of a second instead of every second.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.decoding import decode_trusted
from audio.encoding import Output, get_sndfile_options
from audio.mp3_encoder import Mp3Encoder
from audio.sound import Sound, quantise_samples

# FLAC is left out: its frames can be streamed, but its header holds a length and a checksum of all
# samples.
STREAMED: Final = ("wav", "mp3", "opus", "ogg", "pcm_s16le", "mulaw")
_BLOCK: Final = 4096  # as in `encoding`
_UNKNOWN: Final = 0xFFFFFFFF
_WAV_DATA: Final = b"data" + struct.pack("<I", _UNKNOWN)
_PAGE_MS: Final = 200.0
_SFC_SET_OGG_PAGE_LATENCY_MS: Final = 0x1302  # sndfile.h


# Changes the beginning of a stream. None means that it needs more of it first.
Front = Callable[[bytes], bytes | None]


class Encoder:
    """One stream of one checked output.

    Mono samples at the output's rate go in and bytes come out, the first of them changed by
    `front`.
    """

    def __init__(self, output: Output, *, front: Front | None = None) -> None:
        assert output.sample_rate_hz is not None  # noqa: S101  # `encoding.check_output` sets it
        self._front = front
        self._held = b""
        self._writer = _open_writer(output, output.sample_rate_hz)

    def push(self, samples: NDArray[np.float32]) -> bytes:
        """Take the next samples and return the bytes that are ready, which may be none."""
        return self._apply_front(self._writer.push(quantise_samples(samples)))

    def finish(self) -> bytes:
        """End the stream and return the rest."""
        return self._apply_front(self._writer.finish())

    def _apply_front(self, data: bytes) -> bytes:
        if self._front is None:
            return data

        self._held += data
        amended = self._front(self._held)
        if amended is None:
            return b""

        self._front = None
        return amended


def decode_sent_bytes(data: bytes, output: Output) -> Sound:
    """Return the sound in the bytes sent so far: all of a stream of ours, or its beginning.

    Raises ValueError when there is no sound in them yet.
    """
    rate = output.sample_rate_hz or 0
    try:
        if output.codec not in {"wav", "pcm_s16le"}:
            return decode_trusted(data, output.codec, rate=rate)

        bare = data
        if output.codec == "wav":
            bare = data[data.find(_WAV_DATA) + len(_WAV_DATA) :]
        return decode_trusted(bare[: len(bare) // 2 * 2], "pcm_s16le", rate=rate)
    except soundfile.LibsndfileError as error:
        # Not a whole header or page.
        raise ValueError("nothing to hear yet") from error


class _Writer(Protocol):
    def push(self, pcm: NDArray[np.int16]) -> bytes: ...

    def finish(self) -> bytes: ...


def _open_writer(output: Output, rate: int) -> _Writer:
    match output.codec:
        case "wav":
            return _BareWriter(_build_wav_header(rate))
        case "pcm_s16le":
            return _BareWriter(b"")
        case "mp3":
            return Mp3Encoder(rate, output.bit_rate_bps or 0)
        case _:
            return _SndfileWriter(output, rate)


class _BareWriter:
    """Samples as they are, behind a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def push(self, pcm: NDArray[np.int16]) -> bytes:
        return self.finish() + pcm.tobytes()

    def finish(self) -> bytes:
        header, self._header = self._header, b""
        return header


class _SndfileWriter:
    """What libsndfile writes, as soon as it is final."""

    def __init__(self, output: Output, rate: int) -> None:
        self._sink = _Sink()
        self._file = soundfile.SoundFile(
            self._sink, "w", samplerate=rate, channels=1, **get_sndfile_options(output)
        )
        if output.codec == "opus":
            _close_pages_early(self._file)

    def push(self, pcm: NDArray[np.int16]) -> bytes:
        for at in range(0, len(pcm), _BLOCK):
            self._file.write(pcm[at : at + _BLOCK])

        return self._sink.take()

    def finish(self) -> bytes:
        self._file.close()
        return self._sink.take()


class _Sink:
    """The file to which libsndfile writes. Its bytes can be taken once they are final.

    What is written over taken bytes is dropped.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._taken = 0
        self._place = 0

    def write(self, data: bytes) -> int:
        """Write at the current place. Only what lies behind all taken bytes counts."""
        piece = bytes(data)
        start = self._place - self._taken
        self._place += len(piece)
        if start + len(piece) > 0:
            kept = piece[max(0, -start) :]
            self._waiting[max(0, start) : max(0, start) + len(kept)] = kept

        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place.

        libsndfile does so for the length, and at the end for a header that it would change.
        """
        base = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._place,
            io.SEEK_END: self._taken + len(self._waiting),
        }[whence]

        self._place = base + offset
        return self._place

    def tell(self) -> int:
        """Return the current place."""
        return self._place

    def take(self) -> bytes:
        """Return all final bytes that were not taken yet."""
        given = bytes(self._waiting)
        self._waiting.clear()
        self._taken += len(given)
        return given


def _build_wav_header(rate: int) -> bytes:
    """Return a RIFF header with both lengths unknown, 16-bit PCM, one channel."""
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    head = b"RIFF" + struct.pack("<I", _UNKNOWN) + b"WAVEfmt " + struct.pack("<I", 16)
    return head + form + _WAV_DATA


def _close_pages_early(file: soundfile.SoundFile) -> None:
    """Set how long a page may wait in libsndfile."""
    # The Python binding has the call, but no name for this command.
    value = soundfile._ffi.new("double[1]", [_PAGE_MS])  # noqa: SLF001
    soundfile._snd.sf_command(file._file, _SFC_SET_OGG_PAGE_LATENCY_MS, value, 8)  # noqa: SLF001 - as above
