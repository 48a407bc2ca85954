"""Terms: says for how long a person is asked, in words that stay true whenever they sign. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from consent.paper import words
from core import durations

_PARTS: Final = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def asked(*, start: datetime | None, end: datetime | None, duration: str, locale: str) -> str:
    """Say the term that is asked for: `12 months from the moment you sign.` No clock has a part in it."""
    known = words.table(locale)["asked_terms"]
    shape = ("until" if end is not None else "duration") + ("_from" if start is not None else "")
    return str(
        known[shape].format(
            length=length(duration, locale) if end is None else "",
            start=words.moment(start, locale) if start is not None else "",
            end=words.moment(end, locale) if end is not None else "",
        )
    )


def length(duration: str, locale: str) -> str:
    """Say how long an ISO 8601 duration is: `12 months`, `1 month and 10 days`."""
    read, units = durations.parse(duration), words.table(locale)["units"]
    counts = [("months", read.months)]
    left = read.days * 86_400 + read.seconds
    for name, seconds in _PARTS:
        count, left = divmod(left, seconds)
        counts.append((name, count))
    said = [f"{count} {units[name][count != 1]}" for name, count in counts if count]
    return words.listed(said, locale)
