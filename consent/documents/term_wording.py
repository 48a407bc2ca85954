"""Terms: says for how long a person is asked, in words that stay true whenever they sign. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from consent.documents import plain_language
from core import durations

_PARTS: Final = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def describe_asked_term(
    *, start: datetime | None, end: datetime | None, duration: str, locale: str
) -> str:
    """Say the term that is asked for: `12 months from the moment you sign.` No clock has a part in
    it.
    """
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
    """Say how long an ISO 8601 duration is: `12 months`, `1 month and 10 days`."""
    read, units = durations.parse_duration(duration), plain_language.load_words(locale)["units"]
    counts = [("months", read.months)]
    left = read.days * 86_400 + read.seconds
    for name, seconds in _PARTS:
        count, left = divmod(left, seconds)
        counts.append((name, count))
    said = [f"{count} {units[name][count != 1]}" for name, count in counts if count]
    return plain_language.join_items(said, locale)
