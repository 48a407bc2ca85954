"""From a provider's pieces to marked bytes, one bounded step at a time, and the proof of the mark.

A stream cannot try a stronger mark, since what has left has left. So the mark is written with more
margin, looked for as soon as there is enough to hear, and read back from all bytes at the end. A
clip so short that a stream gains nothing is made whole before its first byte, as a file is.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

import watermark
from audio import encoding, stream_encoder
from audio.encoding import Output
from audio.sound import Sound
from provenance.clips import aigc_label, verified_marking
from provenance.clips.clip_fields import ClipDelivery
from provenance.clips.clip_reservation import ClipReservation
from provenance.clips.errors import MarkFailed
from provenance.clips.verified_marking import Lengthen
from voices.providers.base import AudioChunk
from voices.speech import rendering
from voices.speech.streaming import sent_sound
from watermark.speech.stream_embedder import MARGIN_DB

Samples = NDArray[np.float32]
CheckPiece = Callable[[AudioChunk | None], None]
"""Sees each piece before it is marked, and None at the end. Raises where nothing more may leave."""
# Returns why a clip may leave without a mark, or raises.
AllowUnmarked = Callable[[MarkFailed], str]
FILE_SECONDS: Final = 2.5
"""Shorter clips are marked and checked as files are."""
_FIRST_SLICE: Final = 0.35
_SLICE: Final = 2.0
# Of the first marked segment this much is encoded by itself, and leaves: encoders take longer over
# it than the mark.
_FIRST_ENCODED: Final = 0.2
# When the sent bytes are searched for the mark while the stream goes on, in seconds of sound. The
# last search must find it.
LOOKS: Final = (4.0, 7.0, 12.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Bytes to send, with the characters begun by then and the seconds of sound made by then."""

    data: bytes = field(repr=False)
    characters: int
    seconds: float


class MarkedEncoder:
    """One stream's sound. Its methods are called one at a time, in any thread."""

    def __init__(
        self,
        reservation: ClipReservation,
        output: Output,
        *,
        allow: AllowUnmarked,
        lengthen: Lengthen | None = None,
        label: aigc_label.AigcLabel | None = None,
        check: CheckPiece = lambda _piece: None,
    ) -> None:
        self._reservation = reservation
        self._allow = allow
        self._lengthen = lengthen
        self._label = label
        self._check = check
        self._wanted = encoding.check_output(output)
        self.rate = self._wanted.sample_rate_hz or 0
        self._embedder = watermark.StreamEmbedder(
            self.rate, token=reservation.token, key=reservation.key
        )
        front = partial(aigc_label.label_stream_start, label, self._wanted.codec) if label else None
        self._encoder = stream_encoder.Encoder(self._wanted, front=front)
        self._resampler: soxr.ResampleStream | None = None
        self._source = self.rate
        self._waiting: deque[Samples] = deque()
        self._marked = np.zeros(0, dtype=np.float32)  # and not encoded yet
        self._provided = hashlib.sha256()
        self._made = bytearray()
        self._characters = self._samples = 0
        self._looks = deque(LOOKS)
        self._early: watermark.DecodedToken | None = None
        self._file: verified_marking.Marked | None = None
        self._first: list[AudioChunk] | None = []  # until there is enough to stream
        self._has_ended = self._over = False
        self._reason = ""  # why a short clip leaves without a mark

    @property
    def is_over(self) -> bool:
        """Whether all has been made."""
        return self._over

    @property
    def needs_sound(self) -> bool:
        """Whether the next bytes need another piece of the provider's sound, or its end."""
        return not (
            self._over or self._file or self._marked.size or self._waiting or self._has_ended
        )

    def take_piece(self, piece: AudioChunk | None) -> Chunk | None:
        """Take the provider's next piece, None for its end, and make the next bytes as `step`.

        Raises what `check` raises.
        """
        self._check(piece)
        if self._first is not None:
            self._take_first(self._first, piece)
        elif piece is not None:
            self._take(piece)
        self._has_ended = self._has_ended or piece is None
        return self.step()

    def step(self) -> Chunk | None:
        """Make and return the next bytes, or None where there are none without another piece.

        Raises MarkFailed where the mark must be in.
        """
        data = b""
        while not (data or self._over or self.needs_sound):
            data = self._advance()
        self._made += data
        if self._file is None and self._looks and self.seconds >= self._looks[0]:
            self._look(final=len(self._looks) == 1)
        return Chunk(data=data, characters=self._characters, seconds=self.seconds) if data else None

    @property
    def seconds(self) -> float:
        """How much sound is marked and encoded, in seconds."""
        return self._file.sound.seconds if self._file else self._samples / self.rate

    def prove(self, data: bytes, *, allow: AllowUnmarked | None = None) -> tuple[ClipDelivery, str]:
        """Return what has left, with its mark read back from these bytes, and why it could not be
        read.

        The reason is empty when the mark was read. Raises MarkFailed and TextTooShort when the mark
        must be in the clip and is not. `allow` stands for what was given at the start.
        """
        sound = self._file.sound if self._file else sent_sound.decode_sent(data, self._wanted)
        reading = (
            watermark.detect(sound.samples, sound.rate, key=self._reservation.key)
            if sound
            else None
        )
        found = self._file is not None or (
            reading is not None and reading.token == self._reservation.token
        )
        reason = ""
        if not found:
            reason = self._reason or (allow or self._allow)(sent_sound.explain_unread_mark(sound))
        return self._describe(data, sound, reading if found else None, reason), reason

    def _take_first(self, first: list[AudioChunk], piece: AudioChunk | None) -> None:
        """Keep pieces until there is enough to stream. A text that ends before that becomes a
        file.
        """
        if piece is None:
            self._first = None
            self._as_file(first)
            return

        first.append(piece)
        if sum(chunk.sound.seconds for chunk in first) >= FILE_SECONDS:
            self._first = None
            for chunk in first:
                self._take(chunk)

    def _as_file(self, chunks: list[AudioChunk]) -> None:
        for chunk in chunks:
            self._count(chunk)
        rate = chunks[0].sound.rate if chunks else self.rate
        whole = Sound(
            np.concatenate([np.zeros(0, np.float32), *(chunk.sound.samples for chunk in chunks)]),
            rate,
        )
        try:
            self._file = verified_marking.mark_sound(
                whole,
                token=self._reservation.token,
                key=self._reservation.key,
                output=self._wanted,
                lengthen=self._lengthen,
            )
        except MarkFailed as failure:
            self._reason = self._allow(failure)
            self._waiting.append(whole.resample(self.rate).samples)

    def _advance(self) -> bytes:
        """Return the next slice, marked and encoded."""
        if self._file is not None:
            self._over = True
            data, codec = self._file.data, self._wanted.codec
            return (
                aigc_label.add_label(data, codec, self._label, heard=self._file.sound)
                if self._label
                else data
            )
        if self._marked.size:
            return self._encode()
        if not self._waiting:
            return self._finish()
        self._marked = self._embedder.push(self._waiting.popleft())
        return self._encode(None if self._made else _FIRST_ENCODED)

    def _finish(self) -> bytes:
        self._over = True
        rest = self._resample(np.zeros(0, dtype=np.float32), last=True)
        self._marked = np.concatenate([self._embedder.push(rest), self._embedder.finish()])
        return self._encode() + self._encoder.finish()

    def _encode(self, seconds: float | None = None) -> bytes:
        """Encode what is marked, or its first `seconds`."""
        size = len(self._marked) if seconds is None else round(self.rate * seconds)
        samples, self._marked = self._marked[:size], self._marked[size:]
        self._samples += len(samples)
        return self._encoder.push(samples)

    def _take(self, chunk: AudioChunk) -> None:
        """Cut a chunk into slices: short ones until the first bytes have left, long ones after
        them.
        """
        self._count(chunk)
        if self._resampler is None and chunk.sound.rate != self.rate:
            self._source = chunk.sound.rate
            self._resampler = soxr.ResampleStream(self._source, self.rate, 1, dtype="float32")
        samples = self._resample(chunk.sound.samples, last=False)
        size = round(self.rate * (_SLICE if self._made else _FIRST_SLICE))
        self._waiting.extend(samples[at : at + size] for at in range(0, len(samples), size))

    def _count(self, chunk: AudioChunk) -> None:
        self._provided.update(chunk.sound.pcm16())
        self._characters += chunk.characters

    def _resample(self, samples: Samples, *, last: bool) -> Samples:
        if self._resampler is None:
            return samples
        return np.asarray(self._resampler.resample_chunk(samples, last=last), dtype=np.float32)

    def _look(self, *, final: bool) -> None:
        """Look for the mark in what was made so far.

        Raises MarkFailed at the last look, where it must be in.
        """
        sound = sent_sound.decode_sent(bytes(self._made), self._wanted)
        if sound is None or sound.seconds < self._looks[0] - 1.5:
            return
        self._looks.popleft()
        reading = watermark.detect(sound.samples, sound.rate, key=self._reservation.key)
        if reading is not None and reading.token == self._reservation.token:
            self._early = reading
            self._looks.clear()
        elif final:
            self._allow(sent_sound.explain_unread_mark(sound))

    def _describe(
        self,
        data: bytes,
        sound: Sound | None,
        reading: watermark.DecodedToken | None,
        reason: str,
    ) -> ClipDelivery:
        return rendering.describe_delivery(
            data,
            sound,
            codec=self._wanted.codec,
            provider_hash=self._provided.hexdigest(),
            mark=self._describe_mark(reading) or {"mark_reason": reason},
        )

    def _describe_mark(self, reading: watermark.DecodedToken | None) -> dict[str, Any]:
        """Return the columns of the mark, none when it was not read."""
        if self._file is not None:
            return self._file.columns()
        if reading is None:
            return {}

        checks = ("delivered", "beginning") if self._early else ("delivered",)
        return verified_marking.write_mark_columns(
            round(1000 * MARGIN_DB), round(1000 * reading.score), checks
        )
