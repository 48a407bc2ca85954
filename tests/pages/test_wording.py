"""The words of the pages: no language forgets an answer, a state, or a placeholder."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from audio.containers import REASONS
from consent import translations as signing_words
from consent.documents import plain_language
from consent.policy import territories
from consent.policy.state_machine import ConsentState
from consent.signing import ceremony
from consent.signing.views import _AS
from core import web
from provenance import verdict_text, verification
from provenance.models import Opinion
from provenance.web import opinion_labels

BOOKS: list[Mapping[web.Language, Any]] = [signing_words.ALL]


def sentences(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every sentence of a book with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from sentences(inner, f"{path}.{key}")
    elif isinstance(value, tuple):
        for place, inner in enumerate(value):
            yield from sentences(inner, f"{path}.{place}")
    elif is_dataclass(value):
        for field in fields(value):
            yield from sentences(getattr(value, field.name), f"{path}.{field.name}")


def holes(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("book", BOOKS, ids=["signing"])
class TestBothLanguages:
    def test_say_the_same_things(self, book: Mapping[web.Language, Any]) -> None:
        assert [path for path, _ in sentences(book["de"])] == [
            path for path, _ in sentences(book["en"])
        ]

    def test_leave_the_same_holes_to_fill(self, book: Mapping[web.Language, Any]) -> None:
        english, german = dict(sentences(book["en"])), dict(sentences(book["de"]))
        assert {path for path in english if holes(english[path]) != holes(german[path])} == set()

    def test_are_two_languages(self, book: Mapping[web.Language, Any]) -> None:
        english, german = dict(sentences(book["en"])), dict(sentences(book["de"]))
        same = {
            path for path in english if english[path] == german[path] and len(english[path]) > 24
        }
        assert same == set()


@pytest.mark.parametrize("language", ["en", "de"])
class TestNothingIsForgotten:
    def test_every_state_has_its_page(self, language: web.Language) -> None:
        shown = {
            _AS.get(state, str(state))
            for state in ConsentState
            if state not in {ConsentState.DRAFT, ConsentState.REQUESTED}
        }
        assert shown <= set(signing_words.ALL[language].endings)

    def test_every_answer_about_advice_has_its_words(self, language: web.Language) -> None:
        assert set(signing_words.ALL[language].advices) == set(ceremony.ADVICE)


class TestVerdicts:
    def test_have_their_sentences(self) -> None:
        outcomes = {str(outcome) for outcome in verification.Outcome}
        assert set(verdict_text.FINDINGS) == set(verdict_text.CAVEATS) == outcomes

    def test_have_a_sentence_for_every_reason_why_a_file_is_unreadable(self) -> None:
        assert set(verdict_text.UNREADABLE) == set(REASONS)

    def test_have_a_sentence_for_every_state_of_a_consent_that_was_signed(self) -> None:
        assert set(verdict_text.CONSENT_STATES) <= {str(state) for state in ConsentState}

    def test_name_every_layer(self) -> None:
        assert set(verdict_text.LAYERS) == set(verdict_text.LAYER_PROVES)
        assert {key.partition(".")[0] for key in verdict_text.EVIDENCE} == set(verdict_text.LAYERS)

    def test_can_be_judged_by_every_opinion(self) -> None:
        assert set(opinion_labels.LABELS) == set(Opinion.values)


@pytest.mark.parametrize("locale", ["en", "de"])
class TestNames:
    def test_exist_for_every_country_that_can_be_granted(self, locale: str) -> None:
        codes = territories.COUNTRIES | set(territories.UNIONS)
        assert {
            code for code in codes if plain_language.name_territory(code, locale) == code
        } == set()

    def test_are_said_of_languages_with_their_country(self, locale: str) -> None:
        spoken = {"en": ("German", "German (Austria)"), "de": ("Deutsch", "Deutsch (Österreich)")}[
            locale
        ]
        assert (
            plain_language.name_language("de", locale),
            plain_language.name_language("de-*-AT", locale),
        ) == spoken

    def test_stay_codes_when_nobody_has_a_name(self, locale: str) -> None:
        assert plain_language.name_language("tlh", locale) == "tlh"


class TestTheReadersLanguage:
    @pytest.mark.parametrize(
        ("tag", "language"),
        [
            ("de", "de"),
            ("de-AT", "de"),
            ("DE_ch", "de"),
            ("en-GB", "en"),
            ("fr", "en"),
            ("den", "en"),
            ("", "en"),
            (None, "en"),
        ],
    )
    def test_falls_back_to_english(self, tag: str | None, language: str) -> None:
        assert web.language_of(tag) == language
