"""Fingerprints of short lines: sub-fingerprints of an eighth of a second, and where they recur.

A line of half a second has too few words of Chromaprint's to be told from others. Sub-fingerprints
(`haitsma_kalker`) are 86 a second. One line that is found again is a hint. Several lines of ours in
one file are more than chance (`docs/numbers.md`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint.chromagram import Samples
from provenance.fingerprint.haitsma_kalker import (
    HOP,
    RATE,
    SILENT,
    Bits,
    compute_sub_fingerprints,
)

FRAME: Final = 1_024
"""128 ms, so that even a short word has frames that hear nothing of what is before or behind it."""
LINE_LIMIT: Final = 0.25
"""Share of differing bits below which a stretch of a file is a line of ours."""
LEAST_FRAMES: Final = 16
"""The least number of frames with sound that is evidence: 0.3 s of speech."""
LEAST_SHARE: Final = 0.6
"""The least share of a line's frames that must be heard in the file."""
LEAST_LINES: Final = 3
"""How many lines of ours make a file one of ours."""
_AROUND: Final = 2
_MOST_PLACES: Final = 64
"""The places of one word in a file that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlace:
    """A stored line, and the frame of the file at which it may begin."""

    fingerprint_id: int
    shift: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMatch:
    """A stored line that was found: its frames in the file, and the share of differing bits."""

    fingerprint_id: int
    first: int
    last: int
    frames: int
    errors: float

    @property
    def start_s(self) -> float:
        """Return where the line begins, in seconds."""
        return max(0.0, self.first * HOP / RATE)

    @property
    def end_s(self) -> float:
        """Return where the line ends, in seconds."""
        return (self.last * HOP + FRAME) / RATE


def compute_line_words(samples: Samples, rate: int) -> Bits:
    """Return the sub-fingerprints of a line or of a file of lines, 86 a second.

    `samples` are mono in [-1, 1].
    """
    return compute_sub_fingerprints(samples, rate, frame=FRAME)


def list_places(words: Bits) -> dict[int, list[int]]:
    """Return the places of each word that is not silence, the first ones of many."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, word in enumerate(words.tolist()):
        if word != SILENT and len(places[word]) < _MOST_PLACES:
            places[word].append(place)

    return dict(places)


def rank_places(
    found: Iterable[tuple[int, int, int]], heard: Mapping[int, list[int]], *, most: int
) -> tuple[LinePlace, ...]:
    """Return the likeliest places of stored lines, at most `most`, the likeliest first.

    A row of `found` is (fingerprint, term, place), and `heard` has the places of each term.
    """
    votes: dict[tuple[int, int], int] = defaultdict(int)
    for fingerprint_id, term, place in found:
        for at in heard[term]:
            votes[fingerprint_id, at - place] += 1

    def count(key: tuple[int, int]) -> int:
        # A cut that falls between two frames spreads the agreement over neighbouring shifts.
        number, shift = key
        return sum(votes.get((number, shift + step), 0) for step in (-1, 0, 1))

    counted = sorted(((-count(key), key) for key in votes), key=lambda pair: pair)
    chosen: dict[tuple[int, int], None] = {}
    for _, (number, shift) in counted:
        near = range(shift - _AROUND, shift + _AROUND + 1)
        if not any((number, one) in chosen for one in near):
            chosen[number, shift] = None
        if len(chosen) >= most:
            break

    return tuple(LinePlace(fingerprint_id=number, shift=shift) for number, shift in chosen)


def match_line(heard: Bits, kept: Bits, place: LinePlace) -> LineMatch | None:
    """Return the line at this place, or up to some frames beside it, if it is there as a whole."""
    found = [
        match
        for step in range(-_AROUND, _AROUND + 1)
        if (match := _match_at(heard, kept, place.fingerprint_id, place.shift + step)) is not None
    ]
    return min(found, key=lambda one: one.errors, default=None)


def choose_lines(matches: Iterable[LineMatch]) -> tuple[LineMatch, ...]:
    """Return the matches that do not lie over each other, the best of those that do, by place."""
    chosen: list[LineMatch] = []
    for match in sorted(matches, key=lambda one: (one.errors, one.first)):
        if all(match.last < one.first or match.first > one.last for one in chosen):
            chosen.append(match)

    return tuple(sorted(chosen, key=lambda one: one.first))


def _match_at(heard: Bits, kept: Bits, fingerprint_id: int, shift: int) -> LineMatch | None:
    loud = np.flatnonzero(kept != SILENT)
    if loud.size < LEAST_FRAMES:
        return None

    places: NDArray[np.intp] = loud + shift
    if places[0] < 0 or places[-1] >= heard.size:
        return None

    # A soft line beside a loud one has frames that count as silence in the file.
    both = heard[places] != SILENT
    compared = int(both.sum())
    if compared < max(LEAST_FRAMES, LEAST_SHARE * loud.size):
        return None

    errors = float(np.bitwise_count(heard[places[both]] ^ kept[loud[both]]).sum()) / (
        32.0 * compared
    )
    if errors >= LINE_LIMIT:
        return None
    return LineMatch(
        fingerprint_id=fingerprint_id,
        first=int(places[0]),
        last=int(places[-1]),
        frames=compared,
        errors=errors,
    )
