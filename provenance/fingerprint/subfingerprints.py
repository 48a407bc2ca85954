"""Fingerprint words: 32 bits for each place of a window that slides over the chromagram.

Sixteen filters compare the energy of rectangles within the window. The logarithm of each ratio
falls into one of four ranges, written as two bits of Gray code, so that neighbouring ranges differ
in one bit.

Chromaprint's author learned filters and ranges after Ke, Hoiem and Sukthankar, "Computer Vision for
Music Identification" (CVPR 2005), and Jang et al., "Pairwise Boosted Audio Fingerprint" (2009). The
numbers are those of its default algorithm. Other numbers would make another fingerprint, which no
other tool could compare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint import chromagram
from provenance.fingerprint.chromagram import Picture, Samples

Words = NDArray[np.uint32]
Column = NDArray[np.float64]
Sum = Callable[[int, int, int, int], Column]

WIDTH: Final = 16
SILENT: Final = 0x256DF977
"""The word of silence, which distinguishes no clip."""
GRAY: Final = np.array((0, 1, 3, 2), dtype=np.uint32)
# Shape, lowest note, notes, frames, then where the second, third and fourth range begin.
FILTERS: Final = (
    ("whole", 4, 3, 15, 1.98215, 2.35817, 2.63523),
    ("middle_note", 4, 6, 15, -1.03809, -0.651211, -0.282167),
    ("upper_half", 0, 4, 16, -0.298702, 0.119262, 0.558497),
    ("crossed", 8, 2, 12, -0.105439, 0.0153946, 0.135898),
    ("crossed", 4, 4, 8, -0.142891, 0.0258736, 0.200632),
    ("middle_note", 0, 3, 5, -0.826319, -0.590612, -0.368214),
    ("upper_half", 2, 2, 9, -0.557409, -0.233035, 0.0534525),
    ("later_half", 7, 3, 4, -0.0646826, 0.00620476, 0.0784847),
    ("later_half", 6, 2, 16, -0.192387, -0.029699, 0.215855),
    ("later_half", 1, 3, 2, -0.0397818, -0.00568076, 0.0292026),
    ("middle_time", 10, 1, 15, -0.53823, -0.369934, -0.190235),
    ("crossed", 6, 2, 10, -0.124877, 0.0296483, 0.139239),
    ("later_half", 1, 1, 14, -0.101475, 0.0225617, 0.231971),
    ("crossed", 5, 6, 4, -0.0799915, -0.00729616, 0.063262),
    ("upper_half", 9, 2, 12, -0.272556, 0.019424, 0.302559),
    ("crossed", 4, 2, 14, -0.164292, -0.0321188, 0.0846339),
)


def _build_rectangle_sums(picture: Picture) -> Sum:
    """Return a function (frame, note, frames, notes) that sums a rectangle at every place."""
    total = np.zeros((picture.shape[0] + 1, picture.shape[1] + 1))
    total[1:, 1:] = picture.cumsum(axis=0).cumsum(axis=1)
    places = np.arange(picture.shape[0] - WIDTH + 1)

    def rectangle(frame: int, note: int, frames: int, notes: int) -> Column:
        begin = places + frame
        end = begin + frames
        found: Column = (
            total[end, note + notes]
            - total[begin, note + notes]
            - total[end, note]
            + total[begin, note]
        )
        return found

    return rectangle


def _filter_whole(s: Sum, note: int, notes: int, frames: int) -> tuple[Column, Column]:
    whole = s(0, note, frames, notes)
    return whole, np.zeros_like(whole)


def _filter_upper_half(s: Sum, note: int, notes: int, frames: int) -> tuple[Column, Column]:
    half = notes // 2
    return s(0, note + half, frames, notes - half), s(0, note, frames, half)


def _filter_later_half(s: Sum, note: int, notes: int, frames: int) -> tuple[Column, Column]:
    half = frames // 2
    return s(half, note, frames - half, notes), s(0, note, half, notes)


def _filter_diagonal(s: Sum, note: int, notes: int, frames: int) -> tuple[Column, Column]:
    late, high = frames // 2, notes // 2
    first = s(0, note + high, late, notes - high) + s(late, note, frames - late, high)
    return first, s(0, note, late, high) + s(late, note + high, frames - late, notes - high)


def _filter_middle_note(s: Sum, note: int, notes: int, frames: int) -> tuple[Column, Column]:
    third = notes // 3
    rest = s(0, note, frames, third) + s(0, note + 2 * third, frames, notes - 2 * third)
    return s(0, note + third, frames, third), rest


def _filter_middle_time(s: Sum, note: int, notes: int, frames: int) -> tuple[Column, Column]:
    third = frames // 3
    rest = s(0, note, third, notes) + s(2 * third, note, frames - 2 * third, notes)
    return s(third, note, third, notes), rest


SHAPES: Final = {
    "whole": _filter_whole,
    "upper_half": _filter_upper_half,
    "later_half": _filter_later_half,
    "crossed": _filter_diagonal,
    "middle_note": _filter_middle_note,
    "middle_time": _filter_middle_time,
}


def compute_words(samples: Samples, rate: int) -> Words:
    """Return the fingerprint of a clip, eight words a second, or none below 3 s.

    `samples` are mono in [-1, 1] at any rate.
    """
    picture = chromagram.compute_chromagram(samples, rate)
    if picture.shape[0] < WIDTH:
        return np.empty(0, dtype=np.uint32)

    found = np.zeros(picture.shape[0] - WIDTH + 1, dtype=np.uint32)
    sums = _build_rectangle_sums(picture)

    for shape, note, notes, frames, *ranges in FILTERS:
        first, second = SHAPES[shape](sums, note, notes, frames)
        ratio = np.log((1.0 + first) / (1.0 + second))
        found = found << np.uint32(2) | GRAY[np.searchsorted(np.array(ranges), ratio, side="right")]

    return found
