"""At which pace is a marked clip played? A search over speed (time and pitch) and tempo (time alone).

Only the sync cells are asked, at half of the alignments; what agrees best is decoded. At most six seconds are searched
at a time: over longer stretches the steps of the search would be too coarse.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from provenance.watermark.ground import PER_FRAME, Cells, Ground, Pace, ground_of
from provenance.watermark.layout import Layout, layout_of
from provenance.watermark.reading import Folded, Reading, best_places, decoded, rows_of, soft_values, stacked, sync
from provenance.watermark.scheme import SPEECH_1, Samples

# The pattern may be off by a quarter of a frame (3 ms) at the ends of three seconds on both sides: steps of 0.25 %.
STEP_SHARE: Final = 0.0025
SPEED_LIMIT: Final = 0.025
TEMPO_LIMIT: Final = 0.06
BAND_STEP: Final = 0.01  # band centres are taken anew for each 1 % of speed: at most 25 Hz off at 5 kHz
COARSE: Final = 2  # every second alignment is asked in the search: 3 ms
SEARCH_SECONDS: Final = 6.0
APART_SECONDS: Final = 5.0
HYPOTHESES: Final = 4
FINE_SHARE: Final = 0.00125  # what agrees best is asked again at half a step to both sides
SYNC_LEAST: Final = 2.8  # standard deviations; of all alignments of an unmarked clip the best has 2.5 to 3.5


def _paces() -> dict[float, tuple[Pace, ...]]:
    """All paces but the clip's own, by the speed that the bands are placed for."""
    found: dict[float, list[Pace]] = {}
    for index in range(-round(SPEED_LIMIT / STEP_SHARE), round(SPEED_LIMIT / STEP_SHARE) + 1):
        share = index * STEP_SHARE
        if index:
            bands = round(1.0 + round(share / BAND_STEP) * BAND_STEP, 6)
            found.setdefault(bands, []).append(Pace(speed=round(1.0 + share, 6)))
    for index in range(-round(TEMPO_LIMIT / STEP_SHARE), round(TEMPO_LIMIT / STEP_SHARE) + 1):
        if index:
            found.setdefault(1.0, []).append(Pace(tempo=round(1.0 + index * STEP_SHARE, 6)))
    return {bands: tuple(paces) for bands, paces in found.items()}


PACES: Final = _paces()


class Search:
    """All looks at a clip at other paces than its own, ready to be asked for many keys."""

    def __init__(self, samples: Samples) -> None:
        """`samples` at the scheme's rate, of `loudest` or shorter."""
        self._looks: list[tuple[Pace, int]] = []
        self._grounds: dict[tuple[float, float], Ground] = {}
        contrast: list[Cells] = []
        square: list[Cells] = []
        for bands, paces in PACES.items():
            ground = ground_of(samples, speed=bands)
            if ground is None:
                return
            for pace in paces:
                self._grounds[pace.speed, pace.tempo] = ground
                for first in range(0, PER_FRAME, COARSE):
                    self._looks.append((pace, first))
                    rows = rows_of(ground.frames(first, pace))
                    contrast.append(rows.sum(axis=0))
                    square.append(np.square(rows).sum(axis=0))
        self._folded = Folded(contrast=np.array(contrast), square=np.array(square))

    def read(self, key: bytes) -> Reading | None:
        """The token that `key` finds at some pace; the clearest if there are several."""
        if not self._looks:
            return None
        layout = layout_of(key)
        places = best_places(sync(self._folded, layout), least=SYNC_LEAST, most=HYPOTHESES)
        if not places:
            return None
        sharpened = [self._sharpened(*self._looks[look], layout) for look, _ in places]
        soft = np.array([soft_values(folded, layout, 0, start) for _, folded, start in sharpened])
        found = []
        for (pace, _, _), reading in zip(sharpened, decoded(soft, key), strict=True):
            if reading is not None:
                found.append(replace(reading, speed=pace.speed, tempo=pace.tempo))
        return max(found, key=lambda reading: reading.score, default=None)

    def _sharpened(self, pace: Pace, first: int, layout: Layout) -> tuple[Pace, Folded, int]:
        """The alignment next to this one, in pace and place, whose sync cells agree best."""
        ground = self._grounds[pace.speed, pace.tempo]
        tried = [
            (Pace(speed=pace.speed, tempo=pace.tempo * (1.0 + share)), stacked([rows_of(frames)]))
            for share in (-FINE_SHARE, 0.0, FINE_SHARE)
            for place in (max(0, first - 1), first, first + 1)
            for frames in [ground.frames(place, Pace(speed=pace.speed, tempo=pace.tempo * (1.0 + share)))]
        ]
        agreement = [sync(folded, layout)[0] for _, folded in tried]
        best = int(np.argmax([row.max() for row in agreement]))
        return (*tried[best], int(np.argmax(agreement[best])))


def loudest(samples: Samples, *, most: int = 1) -> list[Samples]:
    """Pieces of six seconds, five apart, the ones with the most energy first; a short clip is its own only piece."""
    size, apart = round(SEARCH_SECONDS * SPEECH_1.rate), round(APART_SECONDS * SPEECH_1.rate)
    pieces = [samples[start : start + size] for start in range(0, max(1, samples.size - size + apart), apart)]
    return sorted(pieces, key=lambda piece: -float(np.square(piece).sum(dtype=np.float64)))[:most]
