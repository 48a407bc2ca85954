"""The ranges of entries whose hashes make a proof (RFC 6962, 2.1)."""

from __future__ import annotations

from transparency_log.formats.merkle import Span


def list_inclusion_spans(index: int, size: int) -> tuple[Span, ...]:
    """Return the ranges of an entry's audit path, from the leaf's sibling up (RFC 6962, 2.1.1).

    Raises ValueError.
    """
    if not 0 <= index < size:
        raise ValueError(f"entry {index} is not in a tree of {size}")

    path = []
    lo, hi = 0, size
    while hi - lo > 1:
        middle = lo + _find_split(hi - lo)
        if index < middle:
            path.append(Span(middle, hi))
            hi = middle
        else:
            path.append(Span(lo, middle))
            lo = middle

    return tuple(reversed(path))


def list_consistency_spans(old: int, new: int) -> tuple[Span, ...]:
    """Return the ranges of the proof that `old` entries are a prefix of `new` (RFC 6962, 2.1.2).

    Raises ValueError.
    """
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} has no proof for {old}")

    path = []
    lo, hi, whole = 0, new, True
    while hi != old:
        middle = lo + _find_split(hi - lo)
        if old <= middle:
            path.append(Span(middle, hi))
            hi = middle
        else:
            path.append(Span(lo, middle))
            lo, whole = middle, False

    if not whole:
        path.append(Span(lo, hi))

    return tuple(reversed(path))


def _find_split(length: int) -> int:
    """Return the largest power of two below `length`, where RFC 6962 splits a tree."""
    return 1 << ((length - 1).bit_length() - 1)
