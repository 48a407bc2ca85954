"""At which pace is a marked clip played?

A search over speed (time and pitch) and tempo (time alone).

Every pace is asked at half of the alignments; what speaks most clearly is asked again nearby and
decoded. At most nine seconds are searched at a time: the longer a stretch, the more paces have to
be told apart.

A program that changes the tempo cuts the sound into pieces of some 20 ms and moves each by up to 10
ms until it fits (WSOLA), so no grid fits all of them. The contrast is therefore averaged over 3 ms
to both sides, which gave every one of 16 clips a higher score, at changed speeds as well.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from watermark.speech.block_source import SEARCH_SECONDS
from watermark.speech.decoder import (
    Candidate,
    DecodedToken,
    Folded,
    compute_even_values,
    find_candidates,
    read_tokens,
    split_periods,
    stack_looks,
    weigh_candidates,
)
from watermark.speech.feature_grid import PER_FRAME, FeatureGrid, PlaybackSpeed, build_ground
from watermark.speech.parameters import SPEECH_1, Samples, Vector

SPEED_LIMIT: Final = 0.025
TEMPO_LIMIT: Final = 0.06
# From one pace to the next, the pattern moves by 10 ms at both ends of a clip: between two it is
# off by 5 ms at most.
STEP_SECONDS: Final = 0.02
BAND_STEP: Final = (
    0.02  # band centres are taken anew for each 2 % of speed: at most 50 Hz off at 5 kHz
)
FIRSTS: Final = tuple(range(0, PER_FRAME, 2))  # every second alignment is asked in the search: 3 ms
SMOOTH: Final = 2  # places (of 1.5 ms) to both sides
FINE_STEPS: Final = (
    -0.5,
    -0.25,
    0.0,
    0.25,
    0.5,
)  # what speaks most clearly is asked again up to half a step away


def get_pace_step(seconds: float) -> float:
    """How far apart the paces are that a clip of this length is asked for, as a share of its
    pace.
    """
    return STEP_SECONDS / min(max(seconds, 1.0), SEARCH_SECONDS)


def list_paces(step: float) -> dict[float, list[PlaybackSpeed]]:
    """All paces but the clip's own, by the speed that the bands are placed for."""
    found: dict[float, list[PlaybackSpeed]] = {
        1.0: [PlaybackSpeed(tempo=1.0 + share) for share in _list_shares(TEMPO_LIMIT, step)]
    }
    for share in _list_shares(SPEED_LIMIT, step):
        bands = round(1.0 + round(share / BAND_STEP) * BAND_STEP, 6)
        found.setdefault(bands, []).append(PlaybackSpeed(speed=1.0 + share))
    return found


def _list_shares(limit: float, step: float) -> list[float]:
    """Multiples of the step up to the first that reaches the limit, on both sides of zero."""
    count = math.ceil(limit / step)
    return [step * index for index in range(-count, count + 1) if index]


class SpeedSearch:
    """All looks at a clip at other paces than its own, ready to be asked for many keys."""

    def __init__(self, samples: Samples, *, own: FeatureGrid | None = None) -> None:
        """`samples` at the scheme's rate, nine seconds at most; `own`: their ground at their own
        speed, if known.
        """
        self._step = get_pace_step(samples.size / SPEECH_1.rate)
        self._looks: list[tuple[PlaybackSpeed, int]] = []
        self._grounds: dict[tuple[float, float], FeatureGrid] = {}
        asking = list_paces(self._step)
        looks = len(FIRSTS) * sum(map(len, asking.values()))
        self._contrast = np.empty(
            (looks, SPEECH_1.slots, SPEECH_1.bands), dtype=np.float32
        )  # folded; 5 MB
        for bands, asked in asking.items():
            ground = (
                own
                if own is not None and bands == own.speed
                else build_ground(samples, speed=bands)
            )
            if ground is None:
                self._looks.clear()
                return
            ground = ground.smooth(SMOOTH)
            for pace in asked:
                self._grounds[pace.speed, pace.tempo] = ground
                place = slice(len(self._looks), len(self._looks) + len(FIRSTS))
                self._looks += [(pace, first) for first in FIRSTS]
                split_periods(ground.grids(FIRSTS, pace)).sum(axis=1, out=self._contrast[place])

    def read(self, key: bytes) -> DecodedToken | None:
        """The token that `key` finds at some pace; the clearest if there are several."""
        if not self._looks:
            return None
        places = find_candidates(self._contrast, key)
        if not places:
            return None
        sharpened = [self._sharpen_place(place, key) for place in places]
        found = read_tokens(np.array([soft for _, soft in sharpened]), key)
        if not found:
            return None
        row, reading = found[0]
        pace = sharpened[row][0]
        return replace(reading, speed=pace.speed, tempo=pace.tempo)

    def _sharpen_place(self, place: Candidate, key: bytes) -> tuple[PlaybackSpeed, Vector]:
        """The neighbour of a place, in pace and alignment, that speaks most clearly, and its soft
        values.

        The middle of the clip stays where it is.
        """
        pace, first = self._looks[place.look]
        ground = self._grounds[pace.speed, pace.tempo]
        half = len(ground.contrast) / 2.0
        tried: list[tuple[PlaybackSpeed, Folded, int]] = []
        for share in (step * self._step for step in FINE_STEPS):
            near = PlaybackSpeed(speed=pace.speed, tempo=pace.tempo * (1.0 + share))
            for moved in (-1, 0, 1):
                frame, at = divmod(round(first + half * share) + moved, PER_FRAME)
                folded = stack_looks([split_periods(ground.frames(at, near))])
                start = (place.start + frame) % SPEECH_1.slots
                tried.append((near, folded, start))
        contrasts = np.concatenate([folded.contrast for _, folded, _ in tried])
        places = [(number, start) for number, (_, _, start) in enumerate(tried)]
        best = max(weigh_candidates(contrasts, key, places), key=lambda one: one.clearness)
        near, folded, start = tried[best.look]
        return near, compute_even_values(folded, key, 0, start)
