"""The embedder for streams: each segment of two thirds of a second is marked once it is complete.

A file is solved in stretches of three periods, and a stream cannot wait for that. So each segment
is solved together with the segments just before it. What the earlier segments lack or have too much
of is carried on, and any three seconds of the stream reach the margin as a file's stretch does. The
pattern, the code and the features are those of a file, so a reader cannot tell the two apart.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
import soxr

from watermark.speech.embedder import GAIN_LIMIT_DB, OVERSHOOT, PASSES, Layer, build_layers
from watermark.speech.features import compute_energies, compute_features, measure_speech_level
from watermark.speech.gain_solver import FrameBlock, build_block_after, compute_ease, solve_gains
from watermark.speech.parameters import SPEECH_1, Matrix, Samples, Vector
from watermark.speech.synthesis import Synthesizer

# Look-ahead: a sample waits for the end of its segment (0.672 s), two frames that a later gain
# still reaches and one that its contrast needs (0.036 s), and twice the resampler's delay (0.08 s
# at 24 kHz, 0.23 s at 8 kHz).
SEGMENT: Final = 56  # frames
LOOK_AHEAD_SECONDS: Final = 1.0
# The share of the lack that one segment corrects. The next segments may correct the rest.
SHARE: Final = 0.35
CONTEXT: Final = 3  # frames before and after a segment that take part in its analysis
# The speech level is that of the last 20 s.
LEVEL_FRAMES: Final = 1_667
# More than the first attempt for a file, because a stream cannot try twice. At 3 s it was read
# after Opus 24k from 24 of 24 clips.
MARGIN_DB: Final = 0.72


class StreamEmbedder:
    """A stream that is marked while it passes: mono, float32, any rate.

    The output is as long as the input, however the stream is cut into pieces. Samples come out at
    most `LOOK_AHEAD_SECONDS` behind those that went in, and stay within [-1, 1].

    An `identity` (128 bits) is written from the first second on, because the length of the stream
    is not yet known. Pass one when the stream is expected to last eight seconds and more.

    Raises ValueError for a token that does not fit into 32 bits or an identity that does not fit
    into 128.
    """

    def __init__(
        self,
        rate: int,
        *,
        token: int,
        key: bytes,
        margin: float = MARGIN_DB,
        identity: int | None = None,
    ) -> None:
        self._writer = _SegmentWriter(build_layers(token, identity, key), margin)
        self._down = _Resampler(rate, SPEECH_1.rate)
        self._up = _Resampler(SPEECH_1.rate, rate)
        self._waiting = np.zeros(0, dtype=np.float32)
        self._done = False

    @property
    def score(self) -> float:
        """Return how clearly the mark stands in what was written so far, 0 at the start.

        The units are those of `DecodedToken.score`.
        """
        return self._writer.score

    def push(self, samples: Samples) -> Samples:
        """Take the next samples and return those that are ready.

        Raises ValueError after `finish`.
        """
        if self._done:
            raise ValueError("the stream has ended")

        host = np.ascontiguousarray(samples, dtype=np.float32)
        self._waiting = np.concatenate([self._waiting, host])
        difference = self._writer.push(self._down.push(host))

        return self._add_ready(self._up.push(difference))

    def finish(self) -> Samples:
        """End the stream and return the rest.

        Raises ValueError when it has already ended.
        """
        if self._done:
            raise ValueError("the stream has ended")

        self._done = True

        difference = [self._writer.push(self._down.finish()), self._writer.finish()]
        back = np.concatenate([self._up.push(np.concatenate(difference)), self._up.finish()])

        rest = self._waiting.size
        return self._add_ready(np.pad(back[:rest], (0, max(0, rest - back.size))))

    def _add_ready(self, difference: Samples) -> Samples:
        size = min(difference.size, self._waiting.size)
        out: Samples = np.clip(self._waiting[:size] + difference[:size], -1.0, 1.0)
        self._waiting = self._waiting[size:]
        return out


class _Resampler:
    """A stream at another rate, with the delay compensated.

    The samples are exactly those of resampling the whole.
    """

    def __init__(self, source: int, target: int) -> None:
        self._stream = (
            None if source == target else soxr.ResampleStream(source, target, 1, dtype="float32")
        )

    def push(self, samples: Samples) -> Samples:
        """Take the next samples and return those that are ready."""
        return samples if self._stream is None else self._run(samples)

    def finish(self) -> Samples:
        """End the stream and return the rest."""
        nothing = np.zeros(0, dtype=np.float32)
        return nothing if self._stream is None else self._run(nothing, last=True)

    def _run(self, samples: Samples, *, last: bool = False) -> Samples:
        assert self._stream is not None  # noqa: S101  # checked by both callers
        out: Samples = self._stream.resample_chunk(samples, last=last)
        return out


class _LayerState:
    """One layer of the stream, with the sums and cells of each group in its last segments."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        segments = max(1, round(layer.periods * SPEECH_1.slots / SEGMENT))
        self.past: deque[tuple[Vector, Vector]] = deque(maxlen=max(1, segments - 1))

    def build_block(self, first: int, stop: int) -> FrameBlock:
        """Return the block of these frames of the stream, behind the segments before it."""
        slots = (self.layer.start + np.arange(first, stop)) % SPEECH_1.slots
        nothing = np.zeros(self.layer.signs.size)

        return build_block_after(
            self.layer.group[slots],
            self.layer.chip[slots],
            self.layer.signs,
            earlier=sum((sums for sums, _ in self.past), nothing),
            counted=sum((cells for _, cells in self.past), nothing),
        )

    def settle(self, block: FrameBlock, contrast: Matrix) -> None:
        """Store what the segment holds after its last pass."""
        cells = np.bincount(block.group.ravel(), minlength=block.signs.size).astype(np.float64)
        self.past.append((block.sums(contrast), cells))


class _SegmentWriter:
    """The stream at the scheme's rate: host samples in, samples of the difference out."""

    def __init__(self, layers: tuple[Layer, ...], margin_db: float) -> None:
        self._layers = [_LayerState(layer) for layer in layers]
        self._margin = margin_db
        self._host = np.zeros(0, dtype=np.float32)  # from `_origin` on
        self._origin = 0  # frame number of the first frame in `_host` and in `_gains`
        self._gains = np.zeros((0, SPEECH_1.bands))  # gains of the frames that are settled
        self._given = 0  # samples of the difference that were returned
        self._heard: deque[Matrix] = deque()
        self._sum = np.zeros(SPEECH_1.groups)
        self._square = 0.0

    @property
    def score(self) -> float:
        coded = SPEECH_1.coded_bits
        signal = float((self._layers[0].layer.signs[:coded] * self._sum[:coded]).mean())
        of_coded = self._square * (1.0 - SPEECH_1.sync_cells / SPEECH_1.cells)
        return signal / float(np.sqrt(of_coded / coded + 1e-9))

    def push(self, samples: Samples) -> Samples:
        """Return the difference for the complete segments, each with one frame behind it."""
        self._host = np.concatenate([self._host, samples])

        out = [np.zeros(0, dtype=np.float32)]
        while self._host.size >= (len(self._gains) + SEGMENT + 1) * SPEECH_1.frame:
            out.append(self._segment(SEGMENT, behind=1))

        return np.concatenate(out)

    def finish(self) -> Samples:
        """Return the difference for all that is left."""
        left = self._host.size // SPEECH_1.frame - len(self._gains)
        out: list[Samples] = []
        if left > 0 and self._host.size >= 3 * SPEECH_1.frame:
            out.append(self._segment(left, behind=0))

        total = self._origin * SPEECH_1.frame + self._host.size
        given = self._given - self._origin * SPEECH_1.frame
        tail = Synthesizer(self._host).difference(self._gains)[given:]
        self._given = total

        return np.concatenate([*out, tail])

    def _segment(self, size: int, *, behind: int) -> Samples:
        """Fix the gains of the next `size` frames and return the difference.

        It is returned as far as no later gain can change it.
        """
        before = len(self._gains)
        stop = before + size
        host = self._host[: (stop + behind) * SPEECH_1.frame]
        energy = compute_energies(host)
        self._remember(energy[before:stop])
        level = measure_speech_level(np.concatenate(list(self._heard)))
        ease = compute_ease(energy, level)[before:stop]
        canvas = Synthesizer(host)
        blocks = [
            state.build_block(self._origin + before, self._origin + stop) for state in self._layers
        ]

        gains = np.concatenate([self._gains, np.zeros((size + behind, SPEECH_1.bands))])
        change = canvas.difference(gains)
        unmarked = compute_features(compute_energies(host + change), level)[0][before:stop]
        margins = [
            self._margin - (1.0 - SHARE) * block.lacking(unmarked, self._margin) for block in blocks
        ]

        for _ in range(PASSES):
            contrast, slope = (
                field[before:stop]
                for field in compute_features(compute_energies(host + change), level)
            )
            wanted = sum(
                solve_gains(block, contrast, slope, ease, margin)
                for block, margin in zip(blocks, margins, strict=True)
            )
            gains[before:stop] = np.clip(
                gains[before:stop] + OVERSHOOT * wanted, -GAIN_LIMIT_DB, GAIN_LIMIT_DB
            )
            change = canvas.difference(gains)

        contrast = compute_features(compute_energies(host + change), level)[0][before:stop]
        for state, block in zip(self._layers, blocks, strict=True):
            state.settle(block, contrast)
        self._sum += blocks[0].sums(contrast)
        self._square += float(np.square(contrast).sum())

        return self._give(gains[:stop], change)

    def _remember(self, energy: Matrix) -> None:
        self._heard.append(energy)
        while sum(map(len, self._heard)) > LEVEL_FRAMES + SEGMENT:
            self._heard.popleft()

    def _give(self, gains: Matrix, change: Samples) -> Samples:
        """Return all but the last two frames, and drop all but the context of the next segment."""
        frame = SPEECH_1.frame
        ready = (self._origin + len(gains) - 2) * frame
        out = change[self._given - self._origin * frame : max(0, ready - self._origin * frame)]
        self._given = max(self._given, ready)

        drop = max(0, len(gains) - CONTEXT)
        self._host = self._host[drop * frame :]
        self._gains = gains[drop:]
        self._origin += drop

        return out
