"""Closed lists over REST: every word that the rules know, what it covers, and errors that end in it
(A6).
"""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Organisation
from audio import encoding
from consent.documents import notices
from consent.policy import change_reasons, channels, providers, territories, use_cases
from tests.contract.conftest import Sender, World, problem
from tests.support.api_calls import ADA

pytestmark = [pytest.mark.django_db, pytest.mark.once]

WORDS: dict[str, set[str]] = {
    "use_cases": set(use_cases.CODES),
    "channels": {channels.ANY, *channels.CHANNELS},
    "providers": set(providers.PROVIDERS),
    "territories": {channels.ANY, *territories.UNIONS, *territories.COUNTRIES},
    "labels": {*use_cases.EXCLUDABLE, use_cases.UNSURE},
    "notices": set(notices.load_newest_notices()),
    "codecs": set(encoding.CODECS),
    "reasons": set(change_reasons.CODES),
}
LISTS = [*WORDS, "languages"]


def listed(http: Sender, name: str) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in http.get(f"/v1/{name}").json()["data"]}


@pytest.mark.parametrize("name", LISTS)
class TestAList:
    def test_comes_whole_in_one_page(self, http: Sender, name: str) -> None:
        page = http.get(f"/v1/{name}").json()
        codes = [one["code"] for one in page["data"]]
        assert len(codes) == len(set(codes))
        assert (page["object"], page["has_more"]) == ("list", False)
        assert (page["first_id"], page["last_id"]) == (codes[0], codes[-1])
        assert name not in WORDS or set(codes) == WORDS[name]

    def test_is_walked_by_its_cursor(self, http: Sender, name: str) -> None:
        whole, walked, after = list(listed(http, name)), list[str](), ""
        while True:
            page = http.get(f"/v1/{name}?limit=100{after}").json()
            walked += [one["code"] for one in page["data"]]
            if not page["has_more"]:
                break
            after = f"&after={page['last_id']}"
        assert walked == whole

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "after=nothing", "page=2"])
    def test_refuses_what_is_no_page(self, http: Sender, name: str, query: str) -> None:
        problem(http.get(f"/v1/{name}?{query}"), 422)


class TestAUseCase:
    def test_says_what_it_covers_and_which_level_it_needs(self, http: Sender) -> None:
        found = listed(http, "use_cases")
        assert found["entertainment"]["covers"][:2] == ["entertainment", "entertainment.audiobook"]
        assert found["entertainment.audiobook"]["covered_by"] == [
            "entertainment",
            "entertainment.audiobook",
        ]
        assert found["advertising"]["covered_by"] == []
        assert (found["dubbing"]["assurance"], found["model"]["assurance"]) == ("L1", "L2")
        assert found["advertising.endorsement"]["parent"] == "advertising"
        assert "endorsement" in found["advertising.endorsement"]["excluded_by"]

    def test_needs_the_level_that_the_organisation_raised(self, http: Sender) -> None:
        Organisation.objects.update(policy={"minimum_assurance": {"dubbing": "L3"}})
        assert listed(http, "use_cases")["dubbing"]["assurance"] == "L3"

    def test_is_judged_as_it_is_listed(self, http: Sender, world: World) -> None:
        ask = {"voice": world["voice_id"], "language": "en", "channel": "app", "territory": "DE"}
        for code, row in listed(http, "use_cases").items():
            answer = http.post("/v1/decisions", ask | {"use_case": code}).json()
            codes = {reason["code"] for reason in answer["reasons"]}
            assert ("use_case_not_covered" not in codes) == (
                "entertainment.audiobook" in row["covered_by"]
            )
            assert ("assurance_too_low" in codes) == (row["assurance"] > "L1")


class TestWhatElseIsListed:
    def test_territories_hold_their_parts(self, http: Sender) -> None:
        found = listed(http, "territories")
        assert len(found["EU"]["covers"]) == 27
        assert "US-CA" in found["US"]["covers"]
        assert {"EU", "DE"} <= set(found["*"]["covers"])
        assert [found[code]["kind"] for code in ("*", "EU", "DE")] == ["world", "union", "country"]

    def test_labels_say_what_a_grant_must_allow(self, http: Sender) -> None:
        found = listed(http, "labels")
        assert found["political.campaign"]["sensitive_content"] == ["political"]
        assert "political.campaign" in found["political"]["covers"]
        assert found["education"]["sensitive_content"] == []

    def test_notices_say_in_which_languages_a_person_can_be_asked(self, http: Sender) -> None:
        assert listed(http, "notices")["voice-cloning"]["locales"] == ["de", "en"]

    def test_languages_say_what_they_cover_and_who_speaks_them(self, http: Sender) -> None:
        found = listed(http, "languages")
        assert found["no"]["covers"] == ["nb", "nn", "no"]
        assert found["nn"]["covers"] == ["nn"]
        assert found["de"]["name"] == "German"
        assert found["de"]["providers"] == ["local"]

    def test_codecs_take_what_they_list(self, http: Sender) -> None:
        for code, row in listed(http, "codecs").items():
            if not row["available"]:
                continue
            for rate in row["sample_rates_hz"]:
                encoding.check_output(encoding.Output(codec=code, sample_rate_hz=rate))
            for row_of_rate in row["bit_rates"]:
                rate = row_of_rate["sample_rate_hz"]
                bounds = (row_of_rate["least_bps"], row_of_rate["most_bps"])
                for bit_rate in (*bounds, *row_of_rate["listed_bps"], row_of_rate["default_bps"]):
                    encoding.check_output(
                        encoding.Output(codec=code, sample_rate_hz=rate, bit_rate_bps=bit_rate)
                    )


class TestAnUnknownWord:
    """It is refused with the words that there are, or the route that lists them."""

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"use_case": "audiobook"}, "one of: "),
            ({"actions": ["speak"]}, "one of: "),
            ({"channels": ["fax"]}, "one of: *, "),
            ({"territories": ["Mars"]}, "`GET /v1/territories`"),
            ({"languages": ["english"]}, "`GET /v1/languages`"),
            ({"exclusions": ["politix"]}, "`GET /v1/labels`"),
            ({"sensitive_content": ["rude"]}, "one of: "),
            ({"quota": {"characters": 1, "period": "P2D"}}, "one of: P1D, "),
            ({"min_disclosure": "loud"}, "one of: none, label, spoken."),
        ],
    )
    def test_of_a_grant(
        self, http: Sender, world: World, change: dict[str, Any], words: str
    ) -> None:
        body = {"speaker": world["speaker_id"], "duration": "P1Y"}
        answer = http.post("/v1/consents", body | {"grants": [world.grant() | change]})
        (fault,) = problem(answer, 422)["errors"]
        assert words in fault["detail"]
        assert fault["attr"].startswith("grants.0.")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"notice": "voice-stealing"}, "one of: voice-cloning, "),
            ({"locale": "nl"}, "one of: de, en."),
            ({"assurance": "L9"}, "one of: L1, "),
            ({"jurisdictions": ["Mars"]}, "`GET /v1/territories`"),
        ],
    )
    def test_of_a_consent(
        self, http: Sender, world: World, change: dict[str, Any], words: str
    ) -> None:
        body = {
            "speaker": world["speaker_id"], "duration": "P1Y", "grants": [world.grant()], **change
        }  # fmt: skip
        (fault,) = problem(http.post("/v1/consents", body), 422)["errors"]
        assert words in fault["detail"]

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"output": {"codec": "mp4"}}, "one of: wav, "),
            ({"output": {"sample_rate_hz": 44_000}}, "one of: 8000, "),
            ({"output": {"codec": "mp3", "bit_rate_bps": 1}}, "one of: 32000, "),
            ({"delivery": {"mode": "mail"}}, "one of: sync, stream, job."),
            ({"channel": "fax"}, "one of: *, "),
            ({"territory": "Mars"}, "one of: *, "),
            ({"disclosure": "sung"}, "one of: "),
        ],
    )
    def test_of_a_call(
        self, http: Sender, world: World, change: dict[str, Any], words: str
    ) -> None:
        """A6, A8: a channel and a territory were not read at all."""
        (fault,) = problem(http.post("/v1/speech", world.speech() | change), 422)["errors"]
        assert words in fault["detail"]

    @pytest.mark.parametrize(
        ("change", "words"),
        [({"use_case": "juggling"}, "one of: "), ({"labels": ["foo"]}, "one of: ")],
    )
    def test_that_is_a_reason(
        self, http: Sender, world: World, change: dict[str, Any], words: str
    ) -> None:
        answer = problem(http.post("/v1/speech", world.speech() | change), 403)
        assert any(words in reason["detail"] for reason in answer["reasons"])

    @pytest.mark.parametrize(
        ("change", "words"),
        [({"country": "XX"}, "`GET /v1/territories`"), ({"locale": "xx"}, "`GET /v1/languages`")],
    )
    def test_of_a_person(self, http: Sender, change: dict[str, Any], words: str) -> None:
        (fault,) = problem(http.post("/v1/speakers", ADA | change), 422)["errors"]
        assert words in fault["detail"]
