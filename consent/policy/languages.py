"""Languages: RFC 4647 extended filtering of canonical tags, with reviewed tables of aliases.

Prefix comparison would let `en` cover Middle English (`enm`), and a "distance" would let `pt-BR`
cover `pt`. Neither may decide about permission. `langcodes` brings tags to their canonical form and
does nothing else here. The tables join what filtering cannot see: other spellings of one language
(`zh-TW` and `zh-Hant-TW`, `cmn` and `zh`), members that a macro language covers (`no` and `nn`),
and the countries of a region of UN M.49 (`es-419` and `es-MX`).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import langcodes
from langcodes.data_dicts import MACROLANGUAGES


def _read_table(name: str) -> dict[str, Any]:
    path = Path(__file__).parent.parent / "data" / f"{name}.json"
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


_TABLE: Final = _read_table("language_aliases")
MAIN_MEMBERS: Final[dict[str, str]] = {
    spelling: entry["is"] for spelling, entry in _TABLE["languages"].items()
}
"""The main member of each macro language of ISO 639-3, and the macro language: two names of one
spoken language.
"""
ALSO_COVERED: Final[dict[str, frozenset[str]]] = {
    language: frozenset(others) for language, others in _TABLE["also_covered"].items()
}
"""Other members that a macro language covers. They cover neither it nor one another."""
WITHOUT_MAIN_MEMBER: Final = frozenset(_TABLE["no_main_member"])
_KEPT_APART: Final[dict[str, tuple[str, str]]] = {
    spelling: (entry["is"], entry["not"]) for spelling, entry in _TABLE["kept_apart"].items()
}
"""Members that CLDR writes as another language in a country, `prs` as `fa-AF`: their code, and that
language.
"""
_EXTENDED: Final = frozenset({"ar", "kok", "lv", "ms", "sw", "uz", "zh"})
"""Languages that RFC 5646 allows before a member of theirs, as in `ar-arz`, which is `arz`."""
_REACH: Final = {
    **{language: others | {language} for language, others in ALSO_COVERED.items()},
    **{member: frozenset({macro}) for member, macro in MAIN_MEMBERS.items()},
}
_TAG_ALIASES: Final = {spelling: entry["is"] for spelling, entry in _TABLE["tags"].items()}
_NOT_SPECIFIC: Final = frozenset({"und", "mul", "zxx", "mis", *_TABLE["collections"].split()})
SCRIPTS: Final = frozenset(
    (language, script)
    for scripts, languages in _read_table("language_scripts")["languages"].items()
    for script in scripts.split()
    for language in languages.split()
)
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    region: tuple(parts.split()) for region, parts in _read_table("regions")["contains"].items()
}
_NO_PLACE: Final = re.compile(r"AA|Q[M-Z]|X[A-JL-Z]|ZZ")
"""Codes that ISO 3166-1 keeps for local use, and "unknown". `XK` is commonly used for Kosovo."""
_LONGEST: Final = 64
ANY: Final = "*"
HOW_TO: Final = (
    "Name it by its BCP 47 tag: its code in ISO 639 such as `de` or `yue`, with a country where "
    "that matters such as "
    "`pt-BR`. `GET /v1/languages` lists the usual ones (all codes: "
    "iana.org/assignments/language-subtag-registry)."
)


class UnknownLanguage(ValueError):
    """A text that names no known language."""


def _regions_inside(region: str) -> frozenset[str]:
    """Return the region with everything that lies in it."""
    return frozenset({region}).union(*(_regions_inside(part) for part in _PARTS.get(region, ())))


REGIONS: Final = {region: _regions_inside(region) for region in _PARTS}
"""Everything that lies in each region of UN M.49: smaller regions, countries, and itself."""


@lru_cache(maxsize=4096)
def parse_language(tag: str) -> str:
    """Return the one spelling of a specific tag.

    `en_us` -> `en-US`, `iw` -> `he`, `nb` -> `no`, `zh-TW` -> `zh-Hant-TW`. Extension `-u-` is left
    out: it says how numbers and dates are written, and speech has no writing.

    Raises UnknownLanguage for malformed and unregistered tags, wildcards, private use, transformed
    content (`-t-`), collections, `und`, `mul`, `zxx`, `mis`, for a script that the language is not
    written in, and for a region that is no place.
    """
    return _without_alias(_standard_tag(tag))


@lru_cache(maxsize=4096)
def tidy_language_range(text: str) -> str:
    """Return a language range in its standard spelling, as people see it, with its aliases.

    Raises UnknownLanguage.
    """
    return _spell_range(text, _standard_tag)


@lru_cache(maxsize=4096)
def parse_language_range(text: str) -> str:
    """Return the one spelling of a language range.

    It is a tag, `*`, or a tag with `*` in a later place such as `de-*-DE`. A main member keeps its
    own name if its macro language covers more than it does: `nb` is less than `no`.

    Raises UnknownLanguage if it is none of these.
    """
    return _spell_range(
        text, lambda tag: _without_alias(_standard_tag(tag), keep=ALSO_COVERED.keys())
    )


def _standard_tag(tag: str) -> str:
    plain = unicodedata.normalize("NFKC", tag[: _LONGEST + 1]).strip()
    if not plain.isascii() or not 2 <= len(plain) <= _LONGEST or ANY in plain:
        raise UnknownLanguage(tag[:_LONGEST])

    first, *rest = plain.lower().replace("_", "-").split("-")
    member, stand_in = _KEPT_APART.get(first, ("", first))
    try:
        standard = langcodes.standardize_tag("-".join([stand_in, *rest]))
        known = langcodes.tag_is_valid(standard)
    except ValueError:
        raise UnknownLanguage(tag) from None

    parts = _without_preferences(standard.split("-"))
    language = parts[0]

    if len(parts) > 1 and len(parts[1]) == 3 and parts[1].isalpha():
        if member or language not in _EXTENDED or MACROLANGUAGES.get(parts[1]) != language:
            raise UnknownLanguage(tag)
        return _standard_tag("-".join(parts[1:]))

    # ISO 639-2 keeps these codes for local use.
    private = len(language) == 3 and "qaa" <= language <= "qtz"
    extended = any(len(part) == 1 for part in parts)
    if (
        not known
        or private
        or extended
        or language in _NOT_SPECIFIC
        or not (_is_written(parts) and _is_placed(parts))
    ):
        raise UnknownLanguage(tag)

    return "-".join([member or language, *parts[1:]])


def _without_preferences(parts: list[str]) -> list[str]:
    """Return the subtags without extension `-u-`, which ends where another one begins."""
    if "u" not in parts:
        return parts

    begins = parts.index("u")
    ends = next((at for at in range(begins + 1, len(parts)) if len(parts[at]) == 1), len(parts))

    return parts[:begins] + parts[ends:]


def _is_written(parts: Sequence[str]) -> bool:
    """Return True if CLDR has the language in this script. A tag without one has the usual one."""
    script = parts[1] if len(parts) > 1 else ""
    if len(script) != 4 or not script.isalpha():
        return True

    return not SCRIPTS.isdisjoint({(parts[0], script), (MAIN_MEMBERS.get(parts[0], ""), script)})


def _is_placed(parts: Sequence[str]) -> bool:
    """Return True if the region is a country or a region of UN M.49, or if there is none.

    Reviewed aliases are accepted as well.
    """
    if "-".join(parts) in _TAG_ALIASES:
        return True

    numbers = [part for part in parts[1:] if len(part) == 3 and part.isdigit()]
    countries = [part for part in parts[1:] if len(part) == 2]

    return REGIONS.keys() >= set(numbers) and not any(map(_NO_PLACE.fullmatch, countries))


def _spell_range(text: str, spell: Callable[[str], str]) -> str:
    if text == ANY or ANY not in text:
        return ANY if text == ANY else spell(text)

    parts = text.replace("_", "-").split("-")
    if (
        len(text) > _LONGEST
        or parts[0] == ANY
        or not all(part == ANY or part.isalnum() for part in parts)
    ):
        raise UnknownLanguage(text[:_LONGEST])

    plain = spell("-".join(part for part in parts if part != ANY)).split("-")

    return "-".join([plain[0], *(_known_spelling(part, plain[1:]) for part in parts[1:])])


@lru_cache(maxsize=16384)
def covers_language(language_range: str, tag: str) -> bool:
    """Return True if a canonical range covers a canonical tag, by extended filtering.

    RFC 4647, section 3.3.2.
    """
    wanted, given = language_range.split("-"), tag.split("-")
    if wanted[0] != ANY and given[0] not in _languages_covered(wanted[0]):
        return False

    return _covers_rest(wanted[1:], given[1:])


@lru_cache(maxsize=65536)
def any_range_covers(ranges: tuple[str, ...], tag: str) -> bool:
    """Return True if one of these canonical ranges covers this canonical tag."""
    return any(covers_language(language_range, tag) for language_range in ranges)


def list_covered_languages(language: str) -> tuple[str, ...]:
    """Return the languages that a grant for a language covers, under each of their codes.

    `no` -> `nb`, `nn`, `no`. Raises UnknownLanguage.
    """
    covered = _languages_covered(parse_language_range(language))
    main = {member for member, macro in MAIN_MEMBERS.items() if macro in covered}

    return tuple(sorted({language, *covered, *main}))


def is_range_within(narrower: str, wider: str) -> bool:
    """Return True if the second range covers everything that the first covers, by their forms."""
    if wider in {ANY, narrower} or narrower == ANY:
        return wider in {ANY, narrower}

    inner = [part for part in narrower.split("-") if part != ANY]
    outer = wider.split("-")

    return _languages_covered(inner[0]) <= _languages_covered(outer[0]) and _covers_rest(
        outer[1:], inner[1:]
    )


def _languages_covered(language: str) -> frozenset[str]:
    """Return the languages of canonical tags that a range's language covers."""
    return _REACH.get(language) or frozenset({language})


def _covers_rest(range_subtags: Sequence[str], subtags: Sequence[str]) -> bool:
    at = 0
    for part in range_subtags:
        if part == ANY:
            continue

        while at < len(subtags) and not _subtag_fits(part, subtags[at]):
            # A singleton begins an extension. What follows is not the language.
            if len(subtags[at]) == 1:
                return False
            at += 1

        if at == len(subtags):
            return False
        at += 1

    return True


def _subtag_fits(part: str, subtag: str) -> bool:
    return part == subtag or (part in REGIONS and subtag in REGIONS[part])


def _without_alias(tag: str, *, keep: Collection[str] = ()) -> str:
    language, dash, rest = tag.partition("-")
    macro = MAIN_MEMBERS.get(language, language)
    tag = f"{language if macro in keep else macro}{dash}{rest}"

    for spelling, meaning in _TAG_ALIASES.items():
        if tag == spelling or tag.startswith(f"{spelling}-"):
            return f"{meaning}{tag[len(spelling) :]}"

    return tag


def _known_spelling(part: str, plain: list[str]) -> str:
    return next((known for known in plain if known.lower() == part.lower()), part)
