"""REST: the contract of decisions, told as a client sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from consent import voice_lookup
from consent.voice_lookup import KnownVoice
from tests.cast import ClientOf, MakeKey
from tests.consent.http import decided, fetch, post, signed
from tests.consent.people import grant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


class TestDecisions:
    def test_say_yes_without_using_anything(self, api: APIClient) -> None:
        made = signed(api)
        for _ in range(3):
            answer = decided(api, made, characters=1000)
            assert (answer["allowed"], answer["reasons"], answer["grant"]) == (True, [], made["grants"][0]["id"])
        assert answer["expires_at"] == "2026-11-21T12:01:00Z"
        assert fetch(api, f"/v1/decisions/{answer['id']}") == answer

    def test_say_no_with_every_reason(self, api: APIClient) -> None:
        made = signed(api)
        answer = decided(api, made, language="ja", use_case="advertising.promo", labels=["adult"], characters=1001)
        assert [one["code"] for one in answer["reasons"]] == [
            "assurance_too_low", "use_case_not_covered", "language_not_covered", "content_excluded", "quota_exceeded",
        ]  # fmt: skip
        language = answer["reasons"][2]
        assert (language["required"], language["granted"], language["consent"]) == ("ja", ["en", "de-DE"], made["id"])
        assert (answer["allowed"], answer["grant"]) == (False, None)

    @pytest.mark.parametrize(
        ("language", "allowed"), [("zh-TW", True), ("zh-Hant-HK", True), ("zh-CN", False), ("zh", False)]
    )
    def test_match_languages_as_published(self, api: APIClient, language: str, allowed: bool) -> None:
        assert decided(api, signed(api, grant(languages=["zh-Hant"])), language=language)["allowed"] is allowed

    @pytest.mark.parametrize("language", ["und", "*", "not a tag", "", None, "日本語"])
    def test_want_a_specific_language(self, api: APIClient, language: str | None) -> None:
        reasons = decided(api, signed(api, grant(languages=["*"])), language=language)["reasons"]
        assert [one["code"] for one in reasons] == ["language_unknown"]

    def test_of_a_strangers_consent_say_that_there_is_none(self, api: APIClient) -> None:
        answer = decided(api, {"id": "con_aaaaaaaaaaaaaaaaaaaaaaaaaa"})
        assert [one["code"] for one in answer["reasons"]] == ["no_consent"]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"consent": "con_a", "voice": "vox_a"},
            {"consent": 7},
            {"consent": "con_a", "characters": -1},
            {"consent": "con_a", "characters": 2**53},
            {"consent": "con_a", "characters": "7"},
            {"consent": "con_a", "labels": ["x"] * 21},
            {"consent": "con_a", "labels": {"a": 1}},
            {"consent": "con_a", "action": "sing"},
            {"consent": "con_a", "language": "x" * 65},
            {"consent": "con_a", "colour": "red"},
        ],
    )
    def test_about_nonsense_are_refused(self, api: APIClient, body: dict[str, Any]) -> None:
        assert post(api, "/v1/decisions", body, 422)["errors"]

    def test_know_voices_by_what_rooms_above_registered(
        self, api: APIClient, known_voices: dict[str, KnownVoice]
    ) -> None:
        made = signed(api)
        known_voices["vox_a"] = KnownVoice(consent_id=made["id"], ready=False)
        body = {"voice": "vox_a", "language": "en", "use_case": "entertainment.audiobook"}
        answer = post(api, "/v1/decisions", body, 200)
        assert [one["code"] for one in answer["reasons"]] == ["voice_not_ready"]
        assert post(api, "/v1/decisions", {**body, "voice": "vox_b"}, 404)["code"] == "not_found"

    def test_fall_back_to_the_defaults_of_the_key(self, make_key: MakeKey, client_of: ClientOf) -> None:
        api = client_of(make_key(default_use_case="entertainment.audiobook", default_language="en"))
        made = signed(api)
        assert post(api, "/v1/decisions", {"consent": made["id"]}, 200)["allowed"] is True


@pytest.fixture
def known_voices() -> Iterator[dict[str, KnownVoice]]:
    """Voices as a room above would register them."""
    known: dict[str, KnownVoice] = {}
    before = list(voice_lookup._registered)
    voice_lookup.register(lambda _organisation, _livemode, voice_id: known.get(voice_id))
    yield known
    voice_lookup._registered[:] = before
