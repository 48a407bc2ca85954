"""Wording of terms: for how long a person is asked, true whenever they sign."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from consent.documents import plain_language
from core import durations

_PARTS: Final = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def describe_asked_term(
    *, start: datetime | None, end: datetime | None, duration: str, locale: str
) -> str:
    """Return the asked term in words: `12 months from the moment you sign.` No clock is read."""
    known = plain_language.load_words(locale)["asked_terms"]
    shape = ("until" if end is not None else "duration") + ("_from" if start is not None else "")

    return str(
        known[shape].format(
            length=describe_duration(duration, locale) if end is None else "",
            start=plain_language.describe_moment(start, locale) if start is not None else "",
            end=plain_language.describe_moment(end, locale) if end is not None else "",
        )
    )


def describe_duration(duration: str, locale: str) -> str:
    """Return the length of an ISO 8601 duration in words: `12 months`, `1 month and 10 days`."""
    read = durations.parse_duration(duration)
    units = plain_language.load_words(locale)["units"]
    counts = [("months", read.months)]
    left = read.days * 86_400 + read.seconds

    for name, seconds in _PARTS:
        count, left = divmod(left, seconds)
        counts.append((name, count))

    said = [f"{count} {units[name][count != 1]}" for name, count in counts if count]

    return plain_language.join_items(said, locale)
