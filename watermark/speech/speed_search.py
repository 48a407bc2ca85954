"""The search for the pace of a marked clip: speed (time and pitch) and tempo (time alone).

Every pace is tried at half of the alignments. The clearest places are tried again nearby and
decoded.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from watermark.speech.block_source import SEARCH_SECONDS
from watermark.speech.decoder import DecodedToken, read_tokens
from watermark.speech.feature_grid import (
    PER_FRAME,
    Cells,
    FeatureGrid,
    PlaybackSpeed,
    build_feature_grid,
)
from watermark.speech.folding import Folded, split_periods, stack_looks
from watermark.speech.parameters import SPEECH_1, Samples, Vector
from watermark.speech.pattern_search import Candidate, find_candidates, weigh_candidates
from watermark.speech.soft_values import compute_even_values

SPEED_LIMIT: Final = 0.025
TEMPO_LIMIT: Final = 0.06
# From one pace to the next, the pattern moves by 10 ms at both ends of a clip. Between two it is
# off by 5 ms at most.
STEP_SECONDS: Final = 0.02
# Band centres are computed for each 2 % of speed: at most 50 Hz off at 5 kHz.
BAND_STEP: Final = 0.02
FIRSTS: Final = tuple(range(0, PER_FRAME, 2))  # every second alignment is searched: 3 ms
# Places (of 1.5 ms) to both sides. A program that changes the tempo cuts the sound into pieces of
# some 20 ms and moves each by up to 10 ms until it fits (WSOLA), so no grid fits all of them. The
# contrast is therefore averaged over 3 ms to both sides, which gave every one of 16 clips a higher
# score, at changed speeds as well.
SMOOTH: Final = 2
# Up to half a step around the clearest places.
FINE_STEPS: Final = (-0.5, -0.25, 0.0, 0.25, 0.5)


def get_pace_step(seconds: float) -> float:
    """Return how far apart the paces are that are tried for a clip, as a share of its pace."""
    return STEP_SECONDS / min(max(seconds, 1.0), SEARCH_SECONDS)


def list_paces(step: float) -> dict[float, list[PlaybackSpeed]]:
    """Return all paces but the clip's own, by the speed for which the bands are placed."""
    found: dict[float, list[PlaybackSpeed]] = {
        1.0: [PlaybackSpeed(tempo=1.0 + share) for share in _list_shares(TEMPO_LIMIT, step)]
    }

    for share in _list_shares(SPEED_LIMIT, step):
        bands = round(1.0 + round(share / BAND_STEP) * BAND_STEP, 6)
        found.setdefault(bands, []).append(PlaybackSpeed(speed=1.0 + share))

    return found


def _list_shares(limit: float, step: float) -> list[float]:
    """Return multiples of `step` up to the first that reaches `limit`, on both sides of zero."""
    count = math.ceil(limit / step)
    return [step * index for index in range(-count, count + 1) if index]


class SpeedSearch:
    """All looks at a clip at other paces than its own, read for many keys.

    A clip has nine seconds at most. The longer a stretch, the more paces must be distinguished.
    """

    def __init__(self, samples: Samples, *, own: FeatureGrid | None = None) -> None:
        """Fold `samples` (at the scheme's rate, nine seconds at most) at every pace.

        `own` are their features at their own speed, if known.
        """
        self._step = get_pace_step(samples.size / SPEECH_1.rate)
        self._looks: list[tuple[PlaybackSpeed, int]] = []
        self._features: dict[tuple[float, float], FeatureGrid] = {}

        asking = list_paces(self._step)
        looks = len(FIRSTS) * sum(map(len, asking.values()))

        # Folded contrast, 5 MB.
        self._contrast = np.empty((looks, SPEECH_1.slots, SPEECH_1.bands), dtype=np.float32)

        for bands, asked in asking.items():
            known = own is not None and bands == own.speed
            features = own if known else build_feature_grid(samples, speed=bands)

            if features is None:
                self._looks.clear()
                return

            features = features.smooth(SMOOTH)
            for pace in asked:
                self._features[pace.speed, pace.tempo] = features
                place = slice(len(self._looks), len(self._looks) + len(FIRSTS))
                self._looks += [(pace, first) for first in FIRSTS]
                split_periods(features.grids(FIRSTS, pace)).sum(axis=1, out=self._contrast[place])

    @property
    def contrast(self) -> Cells:
        """The folded contrast of every look, or of none when there is nothing to hear."""
        return self._contrast[: len(self._looks)]

    def read(self, key: bytes) -> DecodedToken | None:
        """Return the clearest token that `key` finds at any pace, or None."""
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

    def _sharpen_place(self, candidate: Candidate, key: bytes) -> tuple[PlaybackSpeed, Vector]:
        """Return the clearest neighbour of a place, in pace and alignment, with its soft values.

        The middle of the clip stays where it is.
        """
        pace, first = self._looks[candidate.look]
        features = self._features[pace.speed, pace.tempo]
        half = len(features.contrast) / 2.0
        tried: list[tuple[PlaybackSpeed, Folded, int]] = []

        for share in (step * self._step for step in FINE_STEPS):
            near = PlaybackSpeed(speed=pace.speed, tempo=pace.tempo * (1.0 + share))
            for moved in (-1, 0, 1):
                frame, at = divmod(round(first + half * share) + moved, PER_FRAME)
                folded = stack_looks([split_periods(features.frames(at, near))])
                start = (candidate.start + frame) % SPEECH_1.slots
                tried.append((near, folded, start))

        contrasts = np.concatenate([folded.contrast for _, folded, _ in tried])
        places = [(number, start) for number, (_, _, start) in enumerate(tried)]
        best = max(weigh_candidates(contrasts, key, places), key=lambda one: one.clearness)

        near, folded, start = tried[best.look]
        return near, compute_even_values(folded, key, 0, start)
