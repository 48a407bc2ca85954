"""REST: the contract of decisions, told as a client sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from rest_framework.test import APIClient

from consent import voice_lookup
from consent.models import Grant
from consent.voice_lookup import KnownVoice
from core import ids
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support import databases
from tests.support.consent_api import asked, decided, fetch, post, signed
from tests.support.consent_factories import grant

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("at_noon"),
    pytest.mark.once(databases.POSTGRESQL),
]


class TestDecisions:
    def test_say_yes_without_using_anything(self, api: APIClient) -> None:
        made = signed(api)
        for _ in range(3):
            answer = decided(api, made, characters=1000)
            assert (answer["allowed"], answer["reasons"], answer["grant"]) == (
                True,
                [],
                made["grants"][0]["id"],
            )
        assert answer["expires_at"] == "2026-11-21T12:01:00Z"
        assert fetch(api, f"/v1/decisions/{answer['id']}") == answer

    def test_say_no_with_every_reason(self, api: APIClient) -> None:
        made = signed(api)
        answer = decided(
            api,
            made,
            language="ja",
            use_case="advertising.promo",
            labels=["adult"],
            characters=1001,
        )
        assert [one["code"] for one in answer["reasons"]] == [
            "assurance_too_low", "use_case_not_covered", "language_not_covered", "content_excluded",
            "quota_exceeded",
        ]  # fmt: skip
        language = answer["reasons"][2]
        assert (language["required"], language["granted"], language["consent"]) == (
            "ja",
            ["en", "de-DE"],
            made["id"],
        )
        assert (answer["allowed"], answer["grant"]) == (False, None)

    @pytest.mark.parametrize(
        ("language", "allowed"),
        [("zh-TW", True), ("zh-Hant-HK", True), ("zh-CN", False), ("zh", False)],
    )
    def test_match_languages_as_published(
        self, api: APIClient, language: str, allowed: bool
    ) -> None:
        assert (
            decided(api, signed(api, grant(languages=["zh-Hant"])), language=language)["allowed"]
            is allowed
        )

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
        known_voices["vox_a"] = KnownVoice(consent_id=made["id"], provider="local", ready=False)
        body = {"voice": "vox_a", "language": "en", "use_case": "entertainment.audiobook"}
        answer = post(api, "/v1/decisions", body, 200)
        assert [one["code"] for one in answer["reasons"]] == ["voice_not_ready"]
        assert post(api, "/v1/decisions", {**body, "voice": "vox_b"}, 404)["code"] == "not_found"

    def test_fall_back_to_the_defaults_of_the_key(
        self, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        api = client_of(make_key(default_use_case="entertainment.audiobook", default_language="en"))
        made = signed(api)
        assert post(api, "/v1/decisions", {"consent": made["id"]}, 200)["allowed"] is True


class TestWords:
    @pytest.mark.parametrize(
        ("words", "code"),
        [
            ({"channel": "fax"}, "channel_unknown"),
            ({"channel": "ｆａｘ"}, "channel_unknown"),
            ({"territory": "Mars"}, "territory_unknown"),
            ({"territory": "US-ZZ"}, "territory_unknown"),
        ],
    )
    def test_that_name_no_place_are_refused_with_the_list(
        self, api: APIClient, words: dict[str, str], code: str
    ) -> None:
        answer = post(
            api, "/v1/decisions", {"consent": signed(api)["id"], "language": "en", **words}, 422
        )
        assert (answer["code"], answer["errors"][0]["code"], "one of: *, " in answer["detail"]) == (
            code,
            code,
            True,
        )

    @pytest.mark.parametrize(
        ("words", "code", "listed"),
        [
            (
                {"use_case": "karaoke"},
                "use_case_unknown",
                "research, sublicense, telephony, telephony.outbound.",
            ),
            ({"language": "Klingon"}, "language_unknown", "language-subtag-registry)."),
            ({"labels": ["foo"]}, "content_excluded", "telephony, telephony.outbound."),
        ],
    )
    def test_that_are_reasons_end_in_what_there_is(
        self, api: APIClient, words: dict[str, Any], code: str, listed: str
    ) -> None:
        (reason,) = decided(api, signed(api), **words)["reasons"]
        assert (reason["code"], reason["detail"].endswith(listed)) == (code, True)

    def test_are_shown_as_they_were_read_and_as_they_were_given(self, api: APIClient) -> None:
        ask = decided(api, signed(api), channel="TV", labels=["foo", "Education"])["ask"]
        assert (ask["channel"], ask["labels"]) == ("broadcast", ["unsure", "education"])
        assert ask["given"] == {"channel": "TV", "labels": ["?", "Education"]}


class TestAParentAsked:
    """It means any of its children."""

    @pytest.mark.parametrize(
        ("granted", "exclusions", "asked", "codes"),
        [
            ("entertainment", [], "entertainment", []),
            ("entertainment", ["entertainment.music"], "entertainment.music", ["content_excluded"]),
            ("entertainment", ["entertainment.music"], "entertainment", ["content_excluded"]),
            ("entertainment", ["Entertainment.Music"], "ENTERTAINMENT", ["content_excluded"]),
            ("entertainment", ["entertainment.music"], "entertainment.podcast", []),
            ("advertising", [], "advertising", ["use_case_not_covered"]),
            ("advertising", [], "advertising.commercial", []),
            (
                "advertising.endorsement",
                ["endorsement"],
                "advertising.endorsement",
                ["content_excluded"],
            ),
            ("model", [], "model", ["use_case_not_covered"]),
            ("model", [], "model.benchmark", []),
            ("model", [], "model.train", ["use_case_not_covered"]),
            ("political", [], "political", []),
        ],
    )
    def test_is_covered_where_all_of_them_are(
        self, api: APIClient, granted: str, exclusions: list[str], asked: str, codes: list[str]
    ) -> None:
        made = signed(api, grant(use_case=granted, exclusions=exclusions), assurance="L2")
        assert [one["code"] for one in decided(api, made, use_case=asked)["reasons"]] == codes

    def test_says_which_child_to_name(self, api: APIClient) -> None:
        made = signed(api, grant(use_case="advertising"), assurance="L2")
        (reason,) = decided(api, made, use_case="advertising")["reasons"]
        assert reason["detail"].endswith("Name one of: advertising.commercial, advertising.promo.")

    @pytest.mark.parametrize(
        "label", ["advertising.commercial", "Advertising", "endorsement", "advertising.promo"]
    )
    def test_binds_as_a_label_too(self, api: APIClient, label: str) -> None:
        made = signed(api, grant(exclusions=["advertising"], sensitive_content=["endorsement"]))
        assert [one["code"] for one in decided(api, made, labels=[label])["reasons"]] == [
            "content_excluded"
        ]

    @pytest.mark.parametrize(
        "label", ["advertising", "advertising.endorsement", "Endorsement", "political.issue"]
    )
    def test_needs_what_is_never_granted_without_being_named(
        self, api: APIClient, label: str
    ) -> None:
        assert [one["code"] for one in decided(api, signed(api), labels=[label])["reasons"]] == [
            "content_excluded"
        ]
        allowed = signed(api, grant(sensitive_content=["Endorsement", "political"]))
        assert decided(api, allowed, labels=[label])["allowed"] is True


class TestNarrowing:
    def test_takes_an_exclusion_in_any_spelling_and_it_binds(self, api: APIClient) -> None:
        made = signed(api)
        body = {
            "grants": [{"use_case": "Entertainment.AudioBook", "exclusions": ["Medical-Advice"]}]
        }
        narrowed = post(api, f"/v1/consents/{made['id']}/narrow", body, 200)
        assert narrowed["grants"][0]["exclusions"] == ["medical_advice"]
        assert decided(api, made, labels=["MEDICAL_ADVICE"])["allowed"] is False

    @pytest.mark.parametrize(
        ("word", "nearest"),
        [("politics", "political"), ("advertizing", "advertising"), ("pоlitical", "political")],
    )
    def test_by_what_no_one_could_judge_by_is_refused_with_the_nearest(
        self, api: APIClient, word: str, nearest: str
    ) -> None:
        made = signed(api)
        body = {"grants": [{"use_case": "entertainment.audiobook", "exclusions": [word]}]}
        answer = post(api, f"/v1/consents/{made['id']}/narrow", body, 422)
        (fault,) = answer["errors"]
        assert (answer["code"], fault["code"]) == ("exclusion_unknown", "exclusion_unknown")
        assert fault["attr"] == "grants.0.exclusions.0"
        assert nearest in fault["detail"]

    def test_compares_what_is_meant_and_not_how_it_is_written(self, api: APIClient) -> None:
        made = signed(
            api,
            grant(languages=["no"], channels=["tv"], territories=["EU"], exclusions=["Political"]),
        )
        wanted = {
            "languages": ["nb"],
            "channels": ["Television"],
            "territories": ["fra"],
            "exclusions": ["POLITICAL"],
        }
        body = {"grants": [{"use_case": "entertainment.audiobook", **wanted}]}
        (left,) = post(api, f"/v1/consents/{made['id']}/narrow", body, 200)["grants"]
        assert (left["languages"], left["territories"], left["exclusions"]) == (
            ["nb"],
            ["FR"],
            ["political"],
        )
        wider = {"grants": [{"use_case": "entertainment.audiobook", "languages": ["no"]}]}
        assert post(api, f"/v1/consents/{made['id']}/narrow", wider, 422)["code"] == "not_narrower"


class TestARowOfOlderDays:
    """Scopes may hold words from before they were canonical: what cannot be read allows nothing."""

    @pytest.mark.parametrize("words", [["pineapples"], ["political", "no songs about Rome"], ["?"]])
    def test_that_excludes_in_free_words_denies(self, api: APIClient, words: list[str]) -> None:
        made = _of_older_days(api, exclusions=words)
        assert [one["code"] for one in decided(api, made)["reasons"]] == ["content_excluded"]

    def test_that_excludes_in_free_words_denies_by_the_persons_other_consents_too(
        self, api: APIClient
    ) -> None:
        other = _of_older_days(api, exclusions=["pineapples"])
        body = {"speaker": other["speaker"], "duration": "P1Y", "grants": [grant()]}
        made = post(api, "/v1/consents", body, 201)
        post(api, f"/v1/test/consents/{made['id']}/sign", status=200)
        assert [one["code"] for one in decided(api, made)["reasons"]] == ["content_excluded"]

    @pytest.mark.parametrize(
        ("scope", "words", "allowed"),
        [
            ({}, {}, True),
            ({"exclusions": ["ENTERTAINMENT.AUDIOBOOK"]}, {}, False),
            ({"exclusions": ["Political"]}, {"labels": ["political"]}, False),
            ({"channels": ["TV"]}, {"channel": "broadcast"}, True),
            ({"channels": ["fax"]}, {"channel": "web"}, False),
            ({"territories": ["uk"]}, {"territory": "GB"}, True),
            ({"territories": ["Mars"]}, {"territory": "GB"}, False),
            ({"languages": ["en-x-loud"]}, {}, False),
        ],
    )
    def test_is_read_in_canonical_words(
        self, api: APIClient, scope: dict[str, Any], words: dict[str, Any], allowed: bool
    ) -> None:
        assert decided(api, _of_older_days(api, **scope), **words)["allowed"] is allowed


def _of_older_days(api: APIClient, **changes: Any) -> dict[str, Any]:
    """A consent with a second grant as it was written before words were canonical, in force."""
    made = asked(api, grant(use_case="research"))
    first = Grant.objects.get(consent_id=made["id"])
    scope = {**first.scope, "use_case": "entertainment.audiobook", **changes}
    known = {
        "id": ids.new("grt"),
        "position": 1,
        "use_case": scope["use_case"],
        "signed": scope,
        "scope": scope,
    }
    Grant.objects.create(consent_id=made["id"], **known)
    signed_one: dict[str, Any] = post(api, f"/v1/test/consents/{made['id']}/sign", status=200)
    return signed_one


@pytest.fixture
def known_voices() -> Iterator[dict[str, KnownVoice]]:
    """Voices as a room above would register them."""
    known: dict[str, KnownVoice] = {}
    directory = replace(
        voice_lookup.voice_directory.get(),
        find_voice=lambda _organisation, _livemode, voice_id: known.get(voice_id),
    )
    with voice_lookup.voice_directory.replace(directory):
        yield known
