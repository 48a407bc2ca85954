"""The ways in which the channels of a file become one: their mean, one of them, or a difference.

The mean is silent where one channel is the other turned round, and it buries speech beside a
channel of hum. So the mix is chosen by what sounds most like speech. The decoder's child loads this
module, so it imports nothing of the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

Block = NDArray[np.float32]
RATE: Final = 16_000
"""The rate at which mixes are compared and handed on as alternatives."""
_FRAME: Final = 480  # 30 ms
_EMPHASIS: Final = np.float32(0.95)
_FLOOR: Final = 1e-9  # of power: softer than any recording
_MOST_SWING_DB: Final = 40.0
"""Digital silence between words is no better sign of speech than a quiet room."""
_AUDIBLE_DB: Final = 35.0
"""A mix this far below the loudest one is crosstalk or noise."""
_SWING_MARGIN_DB: Final = 3.0
_LEVEL_MARGIN_DB: Final = 7.0
"""The mean of speech in one of two channels is 6 dB below it and serves as well."""
_SAME: Final = 1e-4
"""The share of a mix's power that another one leaves unexplained where both are one sound."""


def mix_channels(block: NDArray[np.float32], weights: NDArray[np.float32]) -> Block:
    """Return a block of frames by channels as one row."""
    return np.asarray(block @ weights, dtype=np.float32)


def list_weights(channels: int) -> list[NDArray[np.float32]]:
    """Return the weights of every mix: the mean first, each channel, and the difference of two."""
    mean = np.full(channels, 1 / channels, dtype=np.float32)
    if channels == 1:
        return [mean]

    mixes = [mean, *np.eye(channels, dtype=np.float32)]
    if channels == 2:
        mixes.append(np.array([0.5, -0.5], dtype=np.float32))
    return mixes


@dataclass(slots=True)
class MixRecorder:
    """Keeps every mix of a file of several channels at `RATE`, as its blocks go by."""

    channels: int
    rate: int
    weights: list[NDArray[np.float32]] = field(init=False)
    _streams: list[soxr.ResampleStream] = field(init=False)
    _parts: list[list[Block]] = field(init=False)

    def __post_init__(self) -> None:
        self.weights = list_weights(self.channels)
        self._streams = [soxr.ResampleStream(self.rate, RATE, 1) for _ in self.weights]
        self._parts = [[] for _ in self.weights]

    def record(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[Block]:
        """Yield the mean of each block of frames by channels, and keep all mixes."""
        for block in blocks:
            for weights, stream, parts in zip(
                self.weights, self._streams, self._parts, strict=True
            ):
                parts.append(stream.resample_chunk(mix_channels(block, weights)))
            yield mix_channels(block, self.weights[0])

        for stream, parts in zip(self._streams, self._parts, strict=True):
            parts.append(stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True))

    def join_mixes(self) -> list[Block]:
        """Return every mix, in the order of `weights`."""
        return [np.concatenate(parts) for parts in self._parts]


def choose_mix(mixes: list[Block]) -> int:
    """Return the place of the mix with the most speech. The first one is chosen between equals."""
    measured = [_measure_speech(mix) for mix in mixes]
    loudest = max(level for level, _ in measured)

    heard = [at for at, (level, _) in enumerate(measured) if level >= loudest - _AUDIBLE_DB]
    most = max(measured[at][1] for at in heard)
    good = [at for at in heard if measured[at][1] >= most - _SWING_MARGIN_DB]

    best = max(measured[at][0] for at in good)
    return next(at for at in good if measured[at][0] >= best - _LEVEL_MARGIN_DB)


def list_different(mixes: list[Block], chosen: int) -> list[int]:
    """Return the places of the mixes that are other sounds than the chosen one, the loudest first.

    A mix that is another one at another level is left out.
    """
    by_level = sorted(range(len(mixes)), key=lambda at: -_measure_power(mixes[at]))
    kept: list[int] = []

    for at in by_level:
        if at != chosen and not any(_is_same(mixes[at], mixes[of]) for of in (chosen, *kept)):
            kept.append(at)

    return kept


def _measure_speech(mix: Block) -> tuple[float, float]:
    """Return the level of the loud frames, and how far they stand above the soft ones, in dB.

    Speech swings by 20 dB and more, hum and noise hardly do.
    """
    # Pre-emphasis keeps an offset and rumble out of the measure.
    sharp = mix[1:] - _EMPHASIS * mix[:-1]
    frames = sharp[: len(sharp) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if len(frames) == 0:
        return -np.inf, 0.0

    power = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + _FLOOR)
    loud, soft = np.percentile(power, (95, 20))
    return float(loud), min(float(loud - soft), _MOST_SWING_DB)


def _measure_power(mix: Block) -> float:
    return float(mix.astype(np.float64) @ mix) if len(mix) else 0.0


def _is_same(mix: Block, other: Block) -> bool:
    power = _measure_power(mix)
    ground = _measure_power(other)
    if power <= _FLOOR * len(mix):
        return True
    if ground <= 0:
        return False

    shared = float(mix.astype(np.float64) @ other)
    return power - shared**2 / ground <= _SAME * power
