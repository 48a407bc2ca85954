"""Reading the mark of one clip, in three stages; the next one only when those before read nothing.

1. At the clip's own pace, all bands: whole, and a long clip also in windows of about five seconds.
2. The same with the bands below 2 kHz alone: telephone vocoders such as GSM make up what lies above.
3. At other speeds and tempos (`pacing`).

False answers, for one file and one key: at most two messages in each stage are asked for their CRC-24, and each
passes by chance once in 2^24 (`reading`). So the rate is at most 6 / 2^24 = 3.6e-7, whatever the sound is like; the
thresholds of clearness and score lower what is to be expected further. With n keys tried it is n times that, so a token
found under many keys counts only when it is one that was really given out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np

from provenance.watermark.analysis import resample
from provenance.watermark.ground import PER_FRAME, Cells, Ground, Pace, ground_of
from provenance.watermark.identity import read_identity
from provenance.watermark.pacing import Search, loudest
from provenance.watermark.reading import Folded, Reading, candidates, even_values, readings, rows_of, stacked
from provenance.watermark.scheme import SPEECH_1, Samples

# A long recording may hold a marked clip among other sound: it is also read in windows of about five seconds.
WINDOW_PERIODS: Final = 5
WINDOW_STEP: Final = 3

Stage = Callable[[bytes], Reading | None]


def detect(samples: Samples, rate: int, *, key: bytes, thorough: bool = True) -> Reading | None:
    """The token written with `key`, or None. `samples` mono at any rate. Not `thorough`: the first stage alone."""
    found = detect_any(samples, rate, keys={"": key}, thorough=thorough)
    return found[1] if found else None


def detect_any(
    samples: Samples, rate: int, *, keys: Mapping[str, bytes], thorough: bool = True
) -> tuple[str, Reading] | None:
    """The clearest reading under any of several keys, with the name of its key. The sound is analysed once."""
    hearing = Hearing(resample(samples, rate, SPEECH_1.rate))
    for stage in hearing.stages if thorough else hearing.stages[:1]:
        found = [(name, reading) for name, key in keys.items() if (reading := stage(key)) is not None]
        if found:
            return max(found, key=lambda pair: pair[1].score)
    return None


class Hearing:
    """One clip at the scheme's rate, to be asked for many keys; what a stage needs is made when it is first asked."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._ground = ground_of(samples)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The ways to read, in the order in which to try them; none when the clip is silent or too short."""
        return () if self._ground is None else (self._plain, self._low, self._paced)

    def _plain(self, key: bytes) -> Reading | None:
        return read(self._looks, key)

    def _low(self, key: bytes) -> Reading | None:
        return read(self._low_looks, key)

    def _paced(self, key: bytes) -> Reading | None:
        return self._search.read(key)

    @cached_property
    def _looks(self) -> Folded:
        return _looks_at(self._ground)

    @cached_property
    def _low_looks(self) -> Folded:
        return _looks_at(self._ground and self._ground.low())

    @cached_property
    def _search(self) -> Search:
        piece = loudest(self._samples)[0]
        return Search(piece, own=self._ground if piece.size == self._samples.size else None)


def _looks_at(ground: Ground | None) -> Folded:
    assert ground is not None  # noqa: S101  # no stages without
    looks: list[Cells] = []
    for first in range(PER_FRAME):
        periods = rows_of(ground.frames(first, Pace()))
        looks += [periods[window] for window in _windows(len(periods))]
    return stacked(looks, windows=len(looks) // PER_FRAME)


def _windows(periods: int) -> tuple[slice, ...]:
    whole = slice(0, periods)
    if periods <= WINDOW_PERIODS + WINDOW_STEP:
        return (whole,)
    starts = range(0, periods - WINDOW_PERIODS + WINDOW_STEP, WINDOW_STEP)
    return (whole, *(slice(start, start + WINDOW_PERIODS) for start in starts))


def read(folded: Folded, key: bytes) -> Reading | None:
    """The token that `key` finds in the clearest places, or None."""
    places = candidates(folded.contrast, key)
    if not places:
        return None
    found = readings(np.array([even_values(folded, key, place.look, place.start) for place in places]), key)
    if not found:
        return None
    row, reading = found[0]
    whole = places[row].look // folded.windows * folded.windows  # the first look of each alignment is the whole clip
    identity = read_identity(folded.contrast[whole], folded.square[whole], key, start=places[row].start)
    return replace(reading, identity=identity)
