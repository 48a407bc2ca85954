"""Encoding piece by piece: bytes that can leave at once and are never written again.

Three things differ from a file that is made as a whole:

- WAV declares no length. Both sizes are 0xFFFFFFFF, which readers take for "until the end" (as
  ffmpeg and sox write to a pipe).
- MP3 has no LAME tag. It would stand in front and is known at the end, so the first frame, which
  waits for it, is left out. The sound is the same, without the gapless trimming.
- Opus pages close every fifth of a second instead of every second.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio import mp3_frames
from audio.decoding import decode_trusted
from audio.encoding import Output, get_sndfile_options
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
        self._bare = output.codec in {"wav", "pcm_s16le"}
        self._sink = _Sink(drop_first_frame=output.codec == "mp3")

        if output.codec == "wav":
            self._sink.write(_build_wav_header(output.sample_rate_hz))
        if not self._bare:
            rate = output.sample_rate_hz
            self._file = soundfile.SoundFile(
                self._sink, "w", samplerate=rate, channels=1, **get_sndfile_options(output)
            )
        if output.codec == "opus":
            _close_pages_early(self._file)

    def push(self, samples: NDArray[np.float32]) -> bytes:
        """Take the next samples and return the bytes that are ready, which may be none."""
        pcm = quantise_samples(samples)
        if self._bare:
            self._sink.write(pcm.tobytes())
        else:
            for at in range(0, len(pcm), _BLOCK):
                self._file.write(pcm[at : at + _BLOCK])

        return self._apply_front(self._sink.take())

    def finish(self) -> bytes:
        """End the stream and return the rest."""
        if not self._bare:
            self._file.close()
        return self._apply_front(self._sink.take())

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


class _Sink:
    """The file to which libsndfile writes. Its bytes can be taken once they are final.

    What is written over taken bytes is dropped.
    """

    def __init__(self, *, drop_first_frame: bool) -> None:
        self._waiting = bytearray()
        self._taken = 0
        self._place = 0
        self._drop = drop_first_frame

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
        if self._drop:
            frame = mp3_frames.read_frame(bytes(self._waiting[:4]), 0)
            if frame is None or len(self._waiting) < frame.size:
                return b""
            self._drop = False
            self._forget(frame.size)

        return self._forget(len(self._waiting))

    def _forget(self, size: int) -> bytes:
        given = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._taken += size
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
