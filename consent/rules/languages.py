"""Languages: does a signed language range cover the language of a call? RFC 4647 extended filtering on canonical tags.

Prefix comparison would let `en` cover Middle English (`enm`), and a "distance" would let `pt-BR` cover `pt`; neither
may decide about permission. `langcodes` brings tags to their canonical form and does nothing else here. A small table
of reviewed aliases joins what filtering cannot see, such as `zh-TW` and `zh-Hant-TW`. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import langcodes

_TABLE: Final = json.loads(
    (Path(__file__).parent.parent / "data" / "language_aliases.json").read_text(encoding="utf-8")
)
_LANGUAGE_ALIASES: Final = {spelling: entry["is"] for spelling, entry in _TABLE["languages"].items()}
_TAG_ALIASES: Final = {spelling: entry["is"] for spelling, entry in _TABLE["tags"].items()}
_NOT_SPECIFIC: Final = frozenset({"und", "mul", "zxx", "mis"})
_LONGEST: Final = 64
ANY: Final = "*"
HOW_TO: Final = (
    "name it by its BCP 47 tag: its code in ISO 639 such as `de` or `yue`, with a country where that matters such as "
    "`pt-BR` (all codes: iana.org/assignments/language-subtag-registry)."
)


class UnknownLanguage(ValueError):
    """A text that names no language that we know."""


@lru_cache(maxsize=4096)
def canonical(tag: str) -> str:
    """Give the one spelling of a specific tag: `en_us` -> `en-US`, `iw` -> `he`, `zh-TW` -> `zh-Hant-TW`.

    Raises UnknownLanguage for malformed and unregistered tags, wildcards, private use and `und`, `mul`, `zxx`, `mis`.
    """
    return _without_alias(_standard(tag))


@lru_cache(maxsize=4096)
def tidy(text: str) -> str:
    """Give a language range in its standard spelling, as people see it, aliases left alone. Raises UnknownLanguage."""
    return _spell(text, _standard)


@lru_cache(maxsize=4096)
def canonical_range(text: str) -> str:
    """Give the one spelling of a language range: a tag, `*`, or a tag with `*` in a later place such as `de-*-DE`.

    Raises UnknownLanguage when it is none of these.
    """
    return _spell(text, canonical)


def _standard(tag: str) -> str:
    if not tag.isascii() or not 2 <= len(tag) <= _LONGEST or ANY in tag:
        raise UnknownLanguage(tag[:_LONGEST])
    try:
        plain = langcodes.standardize_tag(tag)
        known = langcodes.tag_is_valid(plain)
    except ValueError:
        raise UnknownLanguage(tag) from None
    language = plain.partition("-")[0]
    private = len(language) == 3 and "qaa" <= language <= "qtz"  # ISO 639-2 keeps these for local use
    if not known or private or language in _NOT_SPECIFIC or len(language) < 2:
        raise UnknownLanguage(tag)
    return plain


def _spell(text: str, spell: Callable[[str], str]) -> str:
    if text == ANY or ANY not in text:
        return ANY if text == ANY else spell(text)
    parts = text.replace("_", "-").split("-")
    if len(text) > _LONGEST or parts[0] == ANY or not all(part == ANY or part.isalnum() for part in parts):
        raise UnknownLanguage(text[:_LONGEST])
    plain = spell("-".join(part for part in parts if part != ANY)).split("-")
    return "-".join([plain[0], *(_spelt(part, plain[1:]) for part in parts[1:])])


@lru_cache(maxsize=16384)
def covers(language_range: str, tag: str) -> bool:
    """Say whether a canonical range covers a canonical tag: RFC 4647, section 3.3.2, extended filtering."""
    wanted, given = language_range.split("-"), tag.split("-")
    if wanted[0] not in {ANY, given[0]}:
        return False
    at = 1
    for part in wanted[1:]:
        if part == ANY:
            continue
        while at < len(given) and given[at] != part:
            if len(given[at]) == 1:  # a singleton begins an extension: what follows is not the language any more
                return False
            at += 1
        if at == len(given):
            return False
        at += 1
    return True


@lru_cache(maxsize=65536)
def any_covers(ranges: tuple[str, ...], tag: str) -> bool:
    """Say whether one of these canonical ranges covers this canonical tag."""
    return any(covers(language_range, tag) for language_range in ranges)


def within(narrower: str, wider: str) -> bool:
    """Say whether everything that the first range covers is covered by the second, as far as their forms can tell."""
    return wider in {ANY, narrower} or (narrower != ANY and covers(wider, narrower.replace("-*", "")))


def _without_alias(tag: str) -> str:
    language, dash, rest = tag.partition("-")
    tag = f"{_LANGUAGE_ALIASES.get(language, language)}{dash}{rest}"
    for spelling, meaning in _TAG_ALIASES.items():
        if tag == spelling or tag.startswith(f"{spelling}-"):
            return f"{meaning}{tag[len(spelling) :]}"
    return tag


def _spelt(part: str, plain: list[str]) -> str:
    return next((known for known in plain if known.lower() == part.lower()), part)
