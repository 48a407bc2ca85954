"""Territories: ISO 3166-1 countries, 3166-2 subdivisions, the unions EU and EEA, `*` for all."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

ANY: Final = "*"

_DATA: Final = json.loads(
    (Path(__file__).parent.parent / "data" / "territories.json").read_text(encoding="utf-8")
)
COUNTRIES: Final[frozenset[str]] = frozenset(_DATA["countries"].split())

_EU_SINCE_2020: Final[frozenset[str]] = frozenset(_DATA["eu_since_2020_02_01"].split())
# The members of a union since a day. A change is a new row and never an edit: old decisions must
# stay explicable.
UNIONS: Final[dict[str, tuple[tuple[date, frozenset[str]], ...]]] = {
    "EU": ((date(2020, 2, 1), _EU_SINCE_2020),),
    "EEA": ((date(2020, 2, 1), _EU_SINCE_2020 | {"IS", "LI", "NO"}),),
}
WHOLE: Final = (ANY, *sorted(UNIONS), *sorted(COUNTRIES))
"""All territories but the subdivisions of countries."""
LISTED: Final = ", ".join(WHOLE)
_OTHER_SPELLINGS: Final[dict[str, str]] = {
    spelling: code
    for code, spellings in _DATA["spellings"].items()
    for spelling in spellings.split()
}
"""Alpha-3 and numeric codes, former codes, and parts of a country with a code of their own.

`US-PR` is `PR`.
"""
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    country: tuple(sorted(f"{country}-{part}" for part in parts.split()))
    for country, parts in _DATA["subdivisions"].items()
}
SUBDIVISIONS: Final = frozenset(code for parts in _PARTS.values() for code in parts)
_KNOWN: Final = COUNTRIES | UNIONS.keys() | SUBDIVISIONS | {ANY}
_LONGEST: Final = 16


class UnknownTerritory(ValueError):
    """A text that names no known territory."""


@lru_cache(maxsize=4096)
def parse_territory(text: str) -> str:
    """Return the one spelling of a territory: `uk` -> `GB`, `chn` -> `CN`, `us-ca` -> `US-CA`.

    Numeric codes are read too: `156` -> `CN`.

    Raises UnknownTerritory.
    """
    plain = unicodedata.normalize("NFKC", text[: 2 * _LONGEST]).strip()
    code = plain.upper().replace("_", "-") if len(plain) <= _LONGEST and plain.isascii() else ""

    code = _OTHER_SPELLINGS.get(code, code)
    if code not in _KNOWN:
        raise UnknownTerritory(text[:_LONGEST])

    return code


def list_union_members(union: str, on: date) -> frozenset[str]:
    """Return the countries of a union on a day. There are none before its first row."""
    members = [countries for since, countries in UNIONS[union] if since <= on]

    return members[-1] if members else frozenset()


def list_territories_inside(code: str, *, on: date) -> tuple[str, ...]:
    """Return what a grant for a territory also covers on a day.

    They are the countries of a union, the subdivisions of a country, and for `*` all unions and
    countries.
    """
    if code == ANY:
        return (*sorted(UNIONS), *sorted(COUNTRIES))
    if code in UNIONS:
        return tuple(sorted(list_union_members(code, on)))

    return _PARTS.get(code, ())


def covers_territory(granted: Iterable[str], asked: str | None, *, on: date) -> bool:
    """Return True if the granted territories cover the asked one.

    A call that names no territory is everywhere, which only `*` covers.
    """
    given = frozenset(granted)
    if ANY in given or asked in given:
        return True
    if asked is None or asked == ANY:
        return False

    countries = given.union(*(list_union_members(union, on) for union in given & UNIONS.keys()))
    if asked in UNIONS:
        return bool(list_union_members(asked, on)) and list_union_members(asked, on) <= countries

    return asked.partition("-")[0] in countries


@lru_cache(maxsize=4096)
def has_overlap(territory: str, other: str) -> bool:
    """Return True if a place can lie in both of two canonical territories, on any day."""
    if ANY in {territory, other} or territory == other:
        return True

    if "-" in territory and "-" in other:
        return False

    return not _ever_in(territory).isdisjoint(_ever_in(other))


def _ever_in(code: str) -> frozenset[str]:
    if code in UNIONS:
        return frozenset().union(*(countries for _, countries in UNIONS[code]))

    return frozenset({code.partition("-")[0]})
