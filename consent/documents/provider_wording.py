"""Wording of providers: what a person is told of each before they sign, a sentence for each fact.

The sentences are shown beside what is signed, so they are a versioned text
(`core/signed_texts.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from consent.documents import plain_language, term_wording
from consent.policy import providers
from consent.policy.providers import KeptData, ProviderFacts
from core import canonical_json, signed_texts

VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProvider:
    """A provider as it is shown. A fact that is not stated has a sentence that says so."""

    code: str
    name: str
    sentences: tuple[str, ...]


def load_provider_words(locale: str) -> Mapping[str, Any]:
    """Return the words about providers. A locale without words reads English."""
    language = plain_language.find_locale(locale)
    return signed_texts.load_text(
        plain_language.FOLDER, "providers", version=VERSION, locale=language
    )


def describe_providers(named: Iterable[ProviderFacts], locale: str) -> tuple[ShownProvider, ...]:
    """Return what is shown of each provider, in the order in which they are given."""
    words = load_provider_words(locale)
    return tuple(
        ShownProvider(
            code=facts.code,
            name=words["names"].get(facts.code, facts.name),
            sentences=tuple(filter(None, _describe_facts(facts, words, locale))),
        )
        for facts in named
    )


def describe_signed_providers(record: bytes, locale: str) -> tuple[ShownProvider, ...]:
    """Return what is shown of the providers of a signed `record`: the facts of that time."""
    read = cast("Mapping[str, Any]", canonical_json.load(record))

    return describe_providers(providers.read_signed_providers(read), locale)


def _describe_facts(facts: ProviderFacts, words: Mapping[str, Any], locale: str) -> Iterator[str]:
    yield words["runs"][facts.runs]
    if facts.country is not None:
        yield words["country"].format(country=plain_language.name_territory(facts.country, locale))
    elif facts.runs in {"company", "unknown"}:
        yield words["country_unknown"]

    if facts.keeps is None:
        yield words["keeps_unknown"]
    else:
        items = "; ".join(_describe_kept(kept, words, locale) for kept in facts.keeps)
        yield words["keeps"].format(items=items)

    if facts.terms is not None:
        yield _describe_terms(facts.terms, facts.terms_read, words, locale)


def _describe_kept(kept: KeptData, words: Mapping[str, Any], locale: str) -> str:
    lasts = words["lasts"]
    match kept.lasts:
        case None:
            said = lasts["unknown"]
        case providers.UNTIL_CONSENT_ENDS:
            said = lasts["consent"]
        case duration:
            said = lasts["duration"].format(length=term_wording.describe_duration(duration, locale))

    return str(words["kept"].format(what=words["what"][kept.what], lasts=said))


def _describe_terms(
    address: str, read_on: str | None, words: Mapping[str, Any], locale: str
) -> str:
    if read_on is None:
        return str(words["terms_unread"].format(address=address))

    day = date.fromisoformat(read_on)
    month = plain_language.load_words(locale)["months"][day.month - 1]
    said = words["date"].format(day=day.day, month=month, year=day.year)

    return str(words["terms_read"].format(address=address, date=said))
