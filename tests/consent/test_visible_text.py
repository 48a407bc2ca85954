"""Words that people read, through the API: they show something and turn nothing (C34 to C37)."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.support.consent_api import ANA, asked, fetch, post
from tests.support.consent_factories import AUDIOBOOK

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

UNFIT_NAMES = [
    pytest.param("\u200b" * 5, id="34 zero-width spaces"),
    pytest.param("\u00ad" * 5, id="34 soft hyphens"),
    "\u2060\ufeff",
    "\u3164\u3164",
    "\u2800\u2800",
    "\u200d\u200d",
    pytest.param("\u0301\u0308", id="34 marks alone"),
    "...",
    pytest.param("Ada \u202eelpmaxE", id="34 a line turned round"),
    "Ada \u202bExample\u202c",
    "Ada \u2067Example",
    "Ada\u2069 Example",
    "\u2069Ada\u2068",
    pytest.param("Ada\nExample", id="34 a line feed"),
    "Ada\tExample",
    "Ada\u2028Example",
    "Ada\x1bExample",
    "Ada\x85Example",
    "Ada\ufffaExample",
]
UNFIT_PURPOSES = [
    pytest.param("\u200b" * 25, id="36 zero-width spaces"),
    pytest.param("." * 20, id="36 dots"),
    "a" + "." * 19,
    "1234567890 1234567890",
    "Audio\u200e\u200e\u200e\u200e\u200e\u200e\u200e\u200e\u200e\u200e\u200e\u200e\u200e\u200ebook",
    "🎙" * 20,
    "\u0301" * 20,
    "x \u202e" + "reads it backwards, and more",
    "Reads \u2067the whole novel, and more",
    "本の朗読",
]
FIT_PURPOSES = [
    "Narration of one novel, unabridged.",
    "長編小説一冊の朗読音声の制作",
    "소설 한 권을 낭독하여 판매",
    "تعلیق صوتی برای کتاب\u200cهای کودکان",
    "Reads \u2067«רומן»\u2069 from cover to cover.",
    "One line\r\nand another one.",
]


def refused_at(answer: object) -> set[str]:
    assert isinstance(answer, dict)
    return {str(fault["attr"]) for fault in answer["errors"]}


class TestTheNameOfASpeaker:
    @pytest.mark.parametrize("name", UNFIT_NAMES)
    def test_that_hides_or_turns_something_is_refused(self, api: APIClient, name: str) -> None:
        assert refused_at(post(api, "/v1/speakers", {**ANA, "name": name}, 422)) == {"name"}

    def test_is_kept_with_what_its_script_needs(self, api: APIClient) -> None:
        for name in ("علی\u200cرضا نمونه", "דנה \u2068Example\u2069", "葛\U000e0100城"):
            made = post(api, "/v1/speakers", {**ANA, "name": name}, 201)
            assert fetch(api, f"/v1/speakers/{made['id']}")["name"] == name

    @pytest.mark.parametrize("email", ["ana@exam\u200bple.org", "ana@example\u202e.org"])
    def test_stands_beside_an_address_that_hides_nothing(self, api: APIClient, email: str) -> None:
        assert refused_at(post(api, "/v1/speakers", {**ANA, "email": email}, 422)) == {"email"}


class TestAPurpose:
    @pytest.mark.parametrize("text", UNFIT_PURPOSES)
    def test_that_says_nothing_is_refused(self, api: APIClient, text: str) -> None:
        speaker = post(api, "/v1/speakers", ANA, 201)["id"]
        grant = {**AUDIOBOOK, "intended_uses": text}
        body = {"speaker": speaker, "duration": "P1Y", "grants": [grant]}

        assert refused_at(post(api, "/v1/consents", body, 422)) == {"grants.0.intended_uses"}

    @pytest.mark.parametrize("text", FIT_PURPOSES)
    def test_in_any_script_is_taken(self, api: APIClient, text: str) -> None:
        made = asked(api, {**AUDIOBOOK, "intended_uses": text})
        assert made["grants"][0]["intended_uses"] == " ".join(text.split())


class TestTheAdviser:
    @pytest.mark.parametrize("field", ["name", "agreement"])
    def test_is_named_in_words_that_are_seen(self, api: APIClient, field: str) -> None:
        speaker = post(api, "/v1/speakers", ANA, 201)["id"]
        for text in ("\u200b\u200b", "Dr \u202eziuR", "..."):
            body = {
                "speaker": speaker,
                "duration": "P1Y",
                "grants": [AUDIOBOOK],
                "representation": {"kind": "counsel", field: text},
            }
            assert refused_at(post(api, "/v1/consents", body, 422)) == {f"representation.{field}"}
