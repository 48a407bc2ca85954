"""Reading the mark: fold the periods, find where the pattern starts, decode, and believe only what checks out.

False accepts, for one file and one key: a start of the pattern is decoded only when its sync cells agree by
`SYNC_LEAST` standard deviations, and at most `HYPOTHESES` starts are; each gives one message, which passes a CRC-24
by chance once in 2^24. The bound is 12 / 2^24 = 7.2e-7, whatever the clip is like. The two thresholds lower the
expectation: of the starts in an unmarked clip 4.6 are decoded on average, and half of the messages reach
`SCORE_LEAST` (measured on 4,200 pairs of clip and key: median 0.70, 99th percentile 0.89; none was accepted), which
makes 1.4e-7. With n keys tried it is n times that, so a token found under many keys counts only when it is one that
was really given out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from provenance.watermark import code
from provenance.watermark.analysis import energies, features, resample, speech_level
from provenance.watermark.layout import Layout, layout_of
from provenance.watermark.scheme import SPEECH_1, Bits, Matrix, Samples, Scheme, Vector

GRID_STEP: Final = 24  # samples between the frame grids that are tried: an eighth of a frame
HYPOTHESES: Final = 12
SYNC_LEAST: Final = 2.5  # standard deviations; marked clips have 5.9 and more, 4.5 and more after Opus at 20 kbit/s
SCORE_LEAST: Final = 0.70
SILENT_DB: Final = -70.0  # speech level below which there is nothing to read; full scale is about +33
# A long recording may hold a marked clip among other sound: it is also read in windows of about five seconds.
WINDOW_PERIODS: Final = 5
WINDOW_STEP: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A token that was read, and how clearly: the mean soft value of its coded bits in units of their noise."""

    token: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Contrast and its square, summed over the periods of each look at a clip; shape (looks, slots, bands)."""

    contrast: Matrix
    square: Matrix


def detect(samples: Samples, rate: int, *, key: bytes) -> Reading | None:
    """The token written with `key`, or None. `samples` mono at any rate."""
    return read(fold(resample(samples, rate, SPEECH_1.rate)), key)


def detect_any(samples: Samples, rate: int, *, keys: Mapping[str, bytes]) -> tuple[str, Reading] | None:
    """The clearest reading under any of several keys, with the name of its key. The sound is analysed once."""
    folded = fold(resample(samples, rate, SPEECH_1.rate))
    found = [(name, reading) for name, key in keys.items() if (reading := read(folded, key)) is not None]
    return max(found, key=lambda pair: pair[1].score, default=None)


def fold(samples: Samples, scheme: Scheme = SPEECH_1) -> Folded | None:
    """All looks at a clip at the scheme's rate: each grid phase, whole and in windows. None when short or silent."""
    energy = energies(samples)
    level = speech_level(energy)
    if energy.shape[0] <= scheme.slots // 4 or level < SILENT_DB:
        return None
    contrast: list[Matrix] = []
    square: list[Matrix] = []
    for offset in range(0, scheme.frame, GRID_STEP):
        periods = _periods(features(energies(samples, offset=offset), level)[0], scheme)
        for window in _windows(len(periods)):
            contrast.append(periods[window].sum(axis=0))
            square.append(np.square(periods[window]).sum(axis=0))
    return Folded(contrast=np.array(contrast), square=np.array(square))


def _periods(contrast: Matrix, scheme: Scheme) -> Matrix:
    """The frames in rows of one period each, the last one filled up; shape (periods, slots, bands)."""
    count = -(-contrast.shape[0] // scheme.slots)
    padded = np.zeros((count * scheme.slots, scheme.bands))
    padded[: contrast.shape[0]] = contrast
    return padded.reshape(count, scheme.slots, scheme.bands)


def _windows(periods: int) -> tuple[slice, ...]:
    whole = slice(0, periods)
    if periods <= WINDOW_PERIODS + WINDOW_STEP:
        return (whole,)
    starts = range(0, periods - WINDOW_PERIODS + WINDOW_STEP, WINDOW_STEP)
    return (whole, *(slice(start, start + WINDOW_PERIODS) for start in starts))


def sync(folded: Folded, layout: Layout) -> Matrix:
    """How far the sync cells agree, in standard deviations, for every look and every start slot."""
    pattern = np.fft.rfft(layout.sync_pattern, axis=0).conj()
    mask = np.fft.rfft(np.abs(layout.sync_pattern), axis=0).conj()
    slots = layout.sync_pattern.shape[0]
    agree = np.fft.irfft((np.fft.rfft(folded.contrast, axis=1) * pattern).sum(axis=2), n=slots, axis=1)
    spread = np.fft.irfft((np.fft.rfft(folded.square, axis=1) * mask).sum(axis=2), n=slots, axis=1)
    score: Matrix = agree / np.sqrt(np.maximum(spread, 1e-9))
    return score


def soft_values(folded: Folded, layout: Layout, look: int, start: int, scheme: Scheme = SPEECH_1) -> Vector:
    """Soft values of the coded bits when the pattern starts at slot `start`, in units of their noise."""
    contrast = np.roll(folded.contrast[look], -start, axis=0)
    square = np.roll(folded.square[look], -start, axis=0)
    group = layout.group.ravel()
    total = np.bincount(group, (layout.chip * contrast).ravel(), minlength=scheme.groups)[: scheme.coded_bits]
    noise = np.bincount(group, square.ravel(), minlength=scheme.groups)[: scheme.coded_bits]
    values: Vector = total / np.sqrt(noise.mean() + 1e-9)
    return values


def read(folded: Folded | None, key: bytes, scheme: Scheme = SPEECH_1) -> Reading | None:
    """The token that `key` finds in a folded clip, or None."""
    if folded is None:
        return None
    layout = layout_of(key)
    agreement = sync(folded, layout)
    best = np.argsort(agreement, axis=None)[::-1][:HYPOTHESES]
    places = [divmod(int(index), scheme.slots) for index in best if agreement.flat[index] >= SYNC_LEAST]
    if not places:
        return None
    soft = np.array([soft_values(folded, layout, look, start) for look, start in places])
    readings = [
        reading
        for row, message in zip(soft, code.decode(soft), strict=True)
        if (reading := _checked(row, message, layout, scheme)) is not None
    ]
    return max(readings, key=lambda reading: reading.score, default=None)


def _checked(soft: Vector, message: Bits, layout: Layout, scheme: Scheme) -> Reading | None:
    """A decoded message as a reading, when its CRC agrees and it explains enough of what was heard."""
    bits = message ^ layout.whitening
    token, check = bits[: scheme.token_bits], bits[scheme.token_bits :]
    if not np.array_equal(code.crc24(token), check):
        return None
    score = float(soft @ code.encode(message)) / scheme.coded_bits
    return Reading(token=code.pack(token), score=score) if score >= SCORE_LEAST else None
