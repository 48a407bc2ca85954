"""Reading the mark of one clip: at its own pace first, then at others, believing only what checks out.

False accepts, for one file and one key: at most `HYPOTHESES` starts of the pattern are decoded at the clip's own pace;
each gives one message, which passes a CRC-24 by chance once in 2^24. The bound is 8 / 2^24 = 4.8e-7, whatever the clip
is like. The thresholds lower the expectation further. With n keys tried it is n times that, so a token found under many
keys counts only when it is one that was really given out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from provenance.watermark.analysis import resample
from provenance.watermark.ground import PER_FRAME, Ground, Pace, ground_of
from provenance.watermark.layout import layout_of
from provenance.watermark.reading import Folded, Reading, best_places, decoded, rows_of, soft_values, stacked, sync
from provenance.watermark.scheme import SPEECH_1, Samples

HYPOTHESES: Final = 8
SYNC_LEAST: Final = 2.5  # standard deviations; marked clips have 5.9 and more, 4.5 and more after Opus at 20 kbit/s
# A long recording may hold a marked clip among other sound: it is also read in windows of about five seconds.
WINDOW_PERIODS: Final = 5
WINDOW_STEP: Final = 3


def detect(samples: Samples, rate: int, *, key: bytes) -> Reading | None:
    """The token written with `key`, or None. `samples` mono at any rate."""
    return read(fold(resample(samples, rate, SPEECH_1.rate)), key)


def detect_any(samples: Samples, rate: int, *, keys: Mapping[str, bytes]) -> tuple[str, Reading] | None:
    """The clearest reading under any of several keys, with the name of its key. The sound is analysed once."""
    folded = fold(resample(samples, rate, SPEECH_1.rate))
    found = [(name, reading) for name, key in keys.items() if (reading := read(folded, key)) is not None]
    return max(found, key=lambda pair: pair[1].score, default=None)


def fold(samples: Samples) -> Folded | None:
    """All looks at a clip at the scheme's rate: each alignment, whole and in windows. None when short or silent."""
    ground = ground_of(samples)
    return None if ground is None else looks_of(ground)


def looks_of(ground: Ground) -> Folded:
    """All looks at a clip at its own pace."""
    looks = []
    for first in range(PER_FRAME):
        periods = rows_of(ground.frames(first, Pace()))
        looks += [periods[window] for window in _windows(len(periods))]
    return stacked(looks)


def _windows(periods: int) -> tuple[slice, ...]:
    whole = slice(0, periods)
    if periods <= WINDOW_PERIODS + WINDOW_STEP:
        return (whole,)
    starts = range(0, periods - WINDOW_PERIODS + WINDOW_STEP, WINDOW_STEP)
    return (whole, *(slice(start, start + WINDOW_PERIODS) for start in starts))


def read(folded: Folded | None, key: bytes) -> Reading | None:
    """The token that `key` finds in a folded clip, or None."""
    if folded is None:
        return None
    layout = layout_of(key)
    places = best_places(sync(folded, layout), least=SYNC_LEAST, most=HYPOTHESES)
    if not places:
        return None
    soft = np.array([soft_values(folded, layout, look, start) for look, start in places])
    readings = [reading for reading in decoded(soft, key) if reading is not None]
    return max(readings, key=lambda reading: reading.score, default=None)
