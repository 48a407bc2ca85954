"""The words of the pages: no language forgets an answer, a state, or a placeholder."""

from __future__ import annotations

import pytest

from audio.containers import REASONS
from consent.documents import plain_language
from consent.policy import territories
from consent.policy.state_machine import ConsentState
from consent.signing import endings
from consent.signing.views import _AS
from core import web
from provenance import verdict_text, verification
from provenance.models import Opinion
from provenance.web import opinion_labels


class TestStates:
    def test_have_their_page(self) -> None:
        shown = {
            _AS.get(state, str(state))
            for state in ConsentState
            if state not in {ConsentState.DRAFT, ConsentState.REQUESTED}
        }
        assert shown <= set(endings.ENDINGS)


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

    def test_stay_codes_when_no_one_has_a_name(self, locale: str) -> None:
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
        assert web.match_language(tag) == language
