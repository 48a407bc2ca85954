"""The search for the starts of blocks.

1. All starts on the coarse grid are scored.
2. The likeliest maxima are kept.
3. Each of them is refined in steps of 8 samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from watermark.audiowmark.audiowmark_parameters import FRAME, Places, Vector
from watermark.audiowmark.bit_layout import Tables
from watermark.audiowmark.sync_scores import (
    COARSE,
    FINE,
    SyncSearch,
    compute_coarse_scores,
    compute_exact_scores,
)

THRESHOLD: Final = 0.35
COARSE_THRESHOLD: Final = 0.75 * THRESHOLD
LEAST_KEPT: Final = 8
# Neighbours, in coarse steps, whose mean is subtracted from a score.
MEAN_FROM: Final = 4
MEAN_TO: Final = 20
MASKED_WITHIN: Final = 23  # coarse steps
MASKED_BY: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMatch:
    """A place where a block may begin: sample, clearness, and kind (0 for A, 1 for B)."""

    index: int
    quality: float
    kind: int


def find_sync_matches(
    search: SyncSearch, tables: Tables, *, minimum: float = 0.0, limit: int | None = None
) -> list[SyncMatch]:
    """Return where blocks may begin, in order of place.

    The result holds at least the eight likeliest starts, right or wrong. Starts whose coarse
    quality is below `minimum` are left out, and at most `limit` starts are refined.
    """
    # 1. All starts on the coarse grid.
    scores = compute_coarse_scores(search, tables)
    means = _compute_local_means(scores)
    excess = scores - means

    # 2. The likeliest maxima.
    maxima = _drop_echoes(_find_maxima(np.abs(excess)), excess)
    likely = _select_strongest(maxima, np.abs(excess), COARSE_THRESHOLD)
    kept = [place for place in likely[:limit].tolist() if abs(excess[place]) >= minimum]

    # 3. Their exact starts.
    refined = [_refine_match(search, tables, place, scores[place], means[place]) for place in kept]
    quality = np.array([found.quality for found in refined])
    chosen = _select_strongest(np.arange(quality.size), quality, THRESHOLD)

    return sorted((refined[place] for place in chosen), key=lambda found: found.index)


def _compute_local_means(scores: Vector) -> Vector:
    """Return the mean score around each start, without its nearest neighbours, or 0."""
    near = np.ones(2 * MEAN_TO + 1)
    near[MEAN_TO - MEAN_FROM + 1 : MEAN_TO + MEAN_FROM] = 0.0
    if not scores.size:
        return scores

    total = np.convolve(scores, near)[MEAN_TO : MEAN_TO + scores.size]
    count = np.convolve(np.ones_like(scores), near)[MEAN_TO : MEAN_TO + scores.size]
    mean: Vector = np.divide(total, count, where=count > 0.5, out=np.zeros_like(total))
    return mean


def _find_maxima(strength: Vector) -> Places:
    """Return the starts that are no weaker than both their neighbours.

    The start after one of them is skipped.
    """
    padded = np.concatenate([[0.0], strength, [0.0]])
    high = np.flatnonzero((strength >= padded[:-2]) & (strength >= padded[2:]))

    maxima: list[int] = []
    for place in high.tolist():
        if not maxima or place > maxima[-1] + 1:
            maxima.append(place)

    return np.array(maxima, dtype=np.intp)


def _drop_echoes(maxima: Places, excess: Vector) -> Places:
    """Return `maxima` without echoes: a much stronger start nearby has the opposite sign."""
    strength = np.abs(excess)

    def is_echo(place: int) -> bool:
        low, high = np.searchsorted(maxima, [place - MASKED_WITHIN, place + MASKED_WITHIN + 1])
        near = maxima[low:high]
        stronger = strength[near] > MASKED_BY * strength[place]
        opposite = (excess[near] < 0.0) != (excess[place] < 0.0)
        return bool((stronger & opposite).any())

    return np.array([place for place in maxima.tolist() if not is_echo(place)], dtype=np.intp)


def _select_strongest(places: Places, strength: Vector, threshold: float) -> Places:
    """Return all places above the threshold, and at least eight, the strongest first."""
    ordered = places[np.argsort(-strength[places], kind="stable")]
    above = int((strength[ordered] > threshold).sum())
    return ordered[: max(above, LEAST_KEPT)]


def _refine_match(
    search: SyncSearch, tables: Tables, coarse_start: int, score: float, mean: float
) -> SyncMatch:
    """Return the best start around one on the coarse grid, with its exact score above `mean`."""
    index = coarse_start * COARSE
    stop = min(index + COARSE, len(search.sound) - search.frames * FRAME)
    starts = np.arange(max(0, index - COARSE), stop + 1, FINE)
    scores = compute_exact_scores(search, tables, starts)

    best = float(score - mean)
    at = index
    for start, exact in zip(starts.tolist(), scores.tolist(), strict=True):
        if abs(exact - mean) > abs(best):
            best, at = float(exact - mean), start

    return SyncMatch(index=at, quality=abs(best), kind=0 if best > 0.0 else 1)
