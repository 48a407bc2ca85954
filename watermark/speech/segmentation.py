"""The marked stretches of a long recording, which may hold several tokens.

1. The recording is read in blocks. In each, every window of four periods (4.1 s, one period apart)
   is searched for the start of a key's pattern, and the few best places are decoded.
2. A token that was read gives all signs of the pattern. So each quarter of a second can be checked
   for this pattern at this place. The segment is the stretch around the window that carries it.
3. Segments of one token that touch are merged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.speech.block_source import BlockSource
from watermark.speech.decoder import DecodedToken, decode_soft_rows
from watermark.speech.echo_removal import Comb, find_comb, remove_echo
from watermark.speech.embedder import token_to_signs
from watermark.speech.feature_grid import (
    PER_FRAME,
    STEP,
    Cells,
    FeatureGrid,
    PlaybackSpeed,
    build_feature_grid,
)
from watermark.speech.folding import Folded, centre_bands, split_periods, stack_looks
from watermark.speech.identity_layer import read_identity
from watermark.speech.keyed_pattern import Layout, build_layout
from watermark.speech.parameters import SPEECH_1, Matrix, Samples
from watermark.speech.pattern_search import find_best_places, score_sync
from watermark.speech.soft_values import compute_soft_values
from watermark.speech.speed_search import SpeedSearch

WINDOW_PERIODS: Final = 4
# In one of two unmarked windows, one of the 680 alignments agrees like this. Marked windows have
# 5 to 9.
SYNC_LEAST: Final = 3.2
HYPOTHESES: Final = 4
# Stricter than for one clip, because there are many windows: fewer than one in a thousand wrong
# messages reach it.
SCORE_LEAST: Final = 1.0
SEARCHES: Final = 10  # pieces of nine seconds in which another pace is searched
QUARTER: Final = 21  # frames that are checked together for a known pattern: 0.252 s
DOUBT: Final = 2.0  # a quarter counts as much as its standard deviations exceed this
# The outermost quarters are at least this clear, as a share of the segment's median.
EDGE_SHARE: Final = 0.4
# A quarter with less than this share of the mean energy of contrast is a pause, which counts
# neither way.
PAUSE_SHARE: Final = 0.1
TOUCH_SECONDS: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a recording that carries a token.

    `key` is the name of the key. The edges are correct to half a second. `identity` is the identity
    of a stretch of eight seconds and more, if it was read too.
    """

    start_s: float
    end_s: float
    token: int
    score: float
    key: str
    identity: int | None = None


def find_segments(samples: Samples, rate: int, *, keys: Mapping[str, bytes]) -> list[Segment]:
    """Return every marked stretch, in the order of their starts.

    `samples` are mono at any rate. When nothing is found, the recording is searched again in its
    low bands, then without the echo that stands out in it, and then at the pace that a search over
    its loudest pieces finds.

    At most four messages are decoded for a window, key and way. So a window gives a false token at
    most 16 / 2^24 = 9.6e-7 of the time. The score must also reach `SCORE_LEAST`, which lowers that
    further.
    """
    sound = BlockSource(samples=samples, rate=rate)
    own = PlaybackSpeed()
    comb = find_comb(sound.loudest()[0])

    return (
        _search_blocks(sound, keys, own)
        or _search_blocks(sound, keys, own, low=True)
        or (_search_blocks(sound, keys, own, comb=comb) if comb else [])
        or _search_other_paces(sound, keys)
    )


def _search_other_paces(sound: BlockSource, keys: Mapping[str, bytes]) -> list[Segment]:
    for piece in sound.loudest(limit=SEARCHES):
        search = SpeedSearch(piece)
        readings = [reading for key in keys.values() if (reading := search.read(key)) is not None]

        best = max(readings, key=lambda reading: reading.score, default=None)
        if best:
            return _search_blocks(sound, keys, PlaybackSpeed(speed=best.speed, tempo=best.tempo))

    return []


def _search_blocks(
    sound: BlockSource,
    keys: Mapping[str, bytes],
    pace: PlaybackSpeed,
    *,
    low: bool = False,
    comb: Comb | None = None,
) -> list[Segment]:
    found: list[Segment] = []
    for start_s, block in sound.blocks():
        features = build_feature_grid(remove_echo(block, comb) if comb else block, speed=pace.speed)
        if features is None:
            continue

        asked = features.low() if low else features
        for name, key in keys.items():
            found += [
                _move_segment(segment, start_s)
                for segment in _claim_segments(asked, pace, name, key)
            ]

    return _merge_segments(found)


def _claim_segments(
    features: FeatureGrid, pace: PlaybackSpeed, name: str, key: bytes
) -> list[Segment]:
    """Return the segments of one key in one block, by the clearest readings first."""
    layout = build_layout(key)
    grids = [features.frames(first, pace) for first in range(PER_FRAME)]
    hits = _find_hits(grids, layout, key)
    found: list[tuple[int, int, Segment]] = []  # frames from, to

    for grid, start, middle, reading in sorted(hits, key=lambda hit: hit[3].score, reverse=True):
        # A segment of the same token that already covers this window.
        if any(
            first <= middle < last and segment.token == reading.token
            for first, last, segment in found
        ):
            continue

        first, last = _measure_reach(grids[grid], layout, reading.token, start, middle)

        span = features.places(grid, pace)[[first, last - 1]] * STEP / SPEECH_1.rate
        folded = stack_looks([split_periods(grids[grid][first:last])])
        begin = (start - first) % SPEECH_1.slots
        end = float(span[1]) + SPEECH_1.frame / SPEECH_1.rate

        segment = Segment(
            start_s=float(span[0]),
            end_s=end,
            token=reading.token,
            score=_score_segment(folded, key, reading.token, begin),
            key=name,
            identity=read_identity(folded.contrast[0], folded.square[0], key, start=begin),
        )
        found.append((first, last, segment))

    return [segment for _, _, segment in found]


def _find_hits(
    grids: list[Cells], layout: Layout, key: bytes
) -> list[tuple[int, int, int, DecodedToken]]:
    """Return the readings of all windows: grid, start slot, middle frame of the window, reading."""
    rows = [split_periods(grid) for grid in grids]
    periods = min(len(row) for row in rows)
    size = min(WINDOW_PERIODS, periods)

    wanted: list[tuple[int, int, int]] = []
    soft = []

    for window in range(periods - size + 1):
        folded = stack_looks([row[window : window + size] for row in rows])
        agreement = score_sync(centre_bands(folded.contrast), layout)
        for grid, start in find_best_places(agreement, minimum=SYNC_LEAST, limit=HYPOTHESES):
            middle = window * SPEECH_1.slots + size * SPEECH_1.slots // 2
            wanted.append((grid, start, middle))
            soft.append(compute_soft_values(folded, key, grid, start))

    if not soft:
        return []

    readings = zip(wanted, decode_soft_rows(np.array(soft), key), strict=True)
    return [
        (*place, reading)
        for place, reading in readings
        if reading is not None and reading.score >= SCORE_LEAST
    ]


def _build_pattern(layout: Layout, token: int, start: int, count: int) -> Matrix:
    """Return the signs of all cells of `count` frames when the pattern starts at slot `start`."""
    whole = token_to_signs(token, layout)[layout.group] * layout.chip
    pattern: Matrix = whole[(np.arange(count) - start) % SPEECH_1.slots]
    return pattern


def _measure_reach(
    frames: Cells, layout: Layout, token: int, start: int, middle: int
) -> tuple[int, int]:
    """Return the frames around `middle` that carry the pattern: from, to (not included)."""
    pattern = _build_pattern(layout, token, start, len(frames))
    agree = _sum_quarters((frames * pattern).sum(axis=1))
    energy = _sum_quarters(np.square(frames).sum(axis=1))
    clear = agree / np.sqrt(energy + 1e-9)
    clear[energy < PAUSE_SHARE * energy.mean()] = DOUBT

    seed = min(middle // QUARTER, len(clear) - 1)
    gain = clear - DOUBT

    last = seed + 1 + int(np.argmax(np.concatenate([[0.0], np.cumsum(gain[seed + 1 :])])))
    first = seed - int(np.argmax(np.concatenate([[0.0], np.cumsum(gain[:seed][::-1])])))

    sure = np.flatnonzero(clear[first:last] >= EDGE_SHARE * np.median(clear[first:last]))
    if sure.size:
        first, last = first + int(sure[0]), first + int(sure[-1]) + 1

    return first * QUARTER, min(last * QUARTER, len(frames))


def _sum_quarters(values: NDArray[np.floating]) -> NDArray[np.float64]:
    count = -(-len(values) // QUARTER)
    padded = np.zeros(count * QUARTER)
    padded[: len(values)] = values

    sums: NDArray[np.float64] = padded.reshape(count, QUARTER).sum(axis=1)
    return sums


def _score_segment(folded: Folded, key: bytes, token: int, start: int) -> float:
    """Return how clearly all frames of the segment together carry the token."""
    soft = compute_soft_values(folded, key, 0, start)
    signs = token_to_signs(token, build_layout(key))[: SPEECH_1.coded_bits]
    return float(np.mean(soft * signs))


def _move_segment(segment: Segment, seconds: float) -> Segment:
    return replace(segment, start_s=segment.start_s + seconds, end_s=segment.end_s + seconds)


def _merge_segments(found: list[Segment]) -> list[Segment]:
    """Merge segments of one key and token that overlap or touch. The clearest gives the score."""
    whole: list[Segment] = []
    for segment in sorted(found, key=lambda one: (one.key, one.token, one.start_s)):
        last = whole[-1] if whole else None
        if last is None or not _touch(last, segment):
            whole.append(segment)
            continue

        whole[-1] = replace(
            last,
            end_s=max(last.end_s, segment.end_s),
            score=max(last.score, segment.score),
            identity=segment.identity if last.identity is None else last.identity,
        )

    return sorted(whole, key=lambda one: (one.start_s, one.key, one.token))


def _touch(last: Segment, segment: Segment) -> bool:
    same = (last.key, last.token) == (segment.key, segment.token)
    return same and segment.start_s <= last.end_s + TOUCH_SECONDS
