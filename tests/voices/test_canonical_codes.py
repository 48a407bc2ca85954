"""A word in another spelling changes nothing: what must be said, China's label, the clip, the log
and the receipt.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from accounts import organisation_policy
from accounts.models import Organisation
from consent import gate
from consent.models import Decision
from core.errors import Invalid
from provenance.models import Clip
from tests.conftest import NOON
from tests.voices.conftest import (
    AUDIO,
    AUDIOBOOK,
    Http,
    MakeConsent,
    MakeVoice,
    Reader,
    order_for,
    principal_of,
    say,
)
from transparency_log import proofs
from voices.models import Voice
from voices.speech import aigc_policy, disclosure, preparation
from voices.speech.disclosure import Disclosure

pytestmark = pytest.mark.django_db(transaction=True)

POLICY: dict[str, Any] = {
    "disclosure": [
        {"channels": ["telephone"], "territories": ["CN"], "mode": "spoken"},
        {"channels": ["broadcast"], "territories": ["EU"], "mode": "spoken"},
        {"channels": [], "territories": ["GB"], "mode": "label"},
    ],
    "aigc_label": [{"channels": ["telephone"], "territories": ["SG"]}],
}
# The same in spellings that a row from before the canonical ones may hold.
OLD: dict[str, Any] = {
    "disclosure": [
        {"channels": ["Phone"], "territories": ["chn"], "mode": "spoken"},
        {"channels": ["tv"], "territories": ["eu"], "mode": "spoken"},
        {"territories": ["UK"], "mode": "label"},
    ],
    "aigc_label": [{"channels": ["phone"], "territories": ["702"]}],
}
SPOKEN = [
    ("telephone", "CN"), ("phone", "CN"), ("Telephone", "CN"), ("telephone", "cn"),
    ("telephone", "CN-BJ"), ("telephone", "cn-11"), ("ｐｈｏｎｅ", "CHN"), ("telephony", "156"),
    ("*", "CN"), (None, "CN"), ("telephone", None), ("telephone", "*"), ("broadcast", "EU"),
    ("tv", "EU"), ("broadcast", "FR"), ("Radio", "fra"), ("television", "250"),
    ("broadcast", "FR-IDF"), ("broadcast", "EEA"), ("tv", "el"),
]  # fmt: skip
LABEL = [
    ("web", "GB"),
    ("web", "UK"),
    ("web", "gbr"),
    ("web", "826"),
    ("app", "gb-eng"),
    ("web", None),
]
NONE = [("web", "CN"), ("telephone", "HK"), ("broadcast", "US"), ("web", "FR"), ("broadcast", "NO")]


def told(voice: Voice, wanted: dict[str, Any], **words: Any) -> tuple[Disclosure, str]:
    """What must be said of a call, and in whose name China's label stands, without speaking it."""
    principal = principal_of(voice)
    order = order_for(voice, **words)
    permit = gate.check(
        preparation.build_access_request(order, voice, principal), at=NOON, actor=principal.actor
    )
    reach = preparation.get_reach(order, permit)
    producer = aigc_policy.resolve_producer(
        wanted, organisation_id="org_x", granted=["*"], reach=reach
    )
    with_policy = replace(permit, policy=wanted)
    return preparation.choose_disclosure(order, with_policy), producer


@pytest.mark.parametrize("wanted", [POLICY, OLD], ids=["canonical policy", "older policy"])
class TestTheDutyToDisclose:
    def test_is_not_evaded_by_another_spelling(
        self, make_voice: MakeVoice, wanted: dict[str, Any]
    ) -> None:
        voice = make_voice()
        for expected, calls in (
            (Disclosure.SPOKEN, SPOKEN),
            (Disclosure.LABEL, LABEL),
            (Disclosure.NONE, NONE),
        ):
            for channel, territory in calls:
                found, _ = told(voice, wanted, channel=channel, territory=territory)
                assert (channel, territory, found) == (channel, territory, expected)

    def test_nor_is_chinas_label(self, make_voice: MakeVoice, wanted: dict[str, Any]) -> None:
        voice = make_voice()
        for channel, territory in [
            ("telephone", "SG"), ("phone", "SG"), ("telephone", "sg"), ("web", "cn"),
            ("web", "CHN"), ("web", "cn_bj"),
        ]:  # fmt: skip
            assert told(voice, wanted, channel=channel, territory=territory)[1], (
                channel,
                territory,
            )
        for channel, territory in [("web", "SG"), ("telephone", "HK"), ("telephone", "DE")]:
            assert not told(voice, wanted, channel=channel, territory=territory)[1], (
                channel,
                territory,
            )

    def test_is_not_shed_by_naming_another_place_than_the_keys(
        self, make_voice: MakeVoice, wanted: dict[str, Any]
    ) -> None:
        voice = make_voice()
        by_default = {"key_channel": "telephone", "key_territory": "CN"}
        calls = [
            *SPOKEN,
            *LABEL,
            *NONE,
            ("*", "*"),
            ("web", "US"),
            ("web", "EU"),
            ("podcast", "TW"),
            ("app", "cn-sh"),
        ]

        for channel, territory in calls:
            found, producer = told(
                voice, wanted, channel=channel, territory=territory, **by_default
            )
            assert (channel, territory, found, bool(producer)) == (
                channel,
                territory,
                Disclosure.SPOKEN,
                True,
            )


class TestAPolicy:
    def test_is_kept_in_canonical_codes(self, acme: Organisation) -> None:
        organisation_policy.change_policy(
            acme.id, OLD | {"minimum_assurance": {"Agent.IVR": "L2"}}, actor="member:a", at=NOON
        )
        assert organisation_policy.get_policy(acme.id) == {
            "disclosure": [
                {"channels": ["telephone"], "territories": ["CN"], "mode": "spoken"},
                {"channels": ["broadcast"], "territories": ["EU"], "mode": "spoken"},
                {"territories": ["GB"], "mode": "label"},
            ],
            "aigc_label": [{"channels": ["telephone"], "territories": ["SG"]}],
            "minimum_assurance": {"agent.ivr": "L2"},
        }

    @pytest.mark.parametrize(
        "entry",
        [
            {"disclosure": [{"channels": ["fax"], "mode": "spoken"}]},
            {"disclosure": [{"territories": ["Mars"], "mode": "spoken"}]},
            {"aigc_label": [{"territories": ["ZZ"]}]},
            {"minimum_assurance": {"karaoke": "L2"}},
        ],
    )
    def test_with_a_code_that_is_not_known_is_refused(
        self, acme: Organisation, entry: dict[str, Any]
    ) -> None:
        with pytest.raises(Invalid):
            organisation_policy.change_policy(acme.id, entry, actor="member:a", at=NOON)

    @pytest.mark.parametrize(
        "entry",
        [
            {"channels": ["fax"]},
            {"territories": ["Mars"]},
            {"channels": [7]},
            {"territories": "CN"},
        ],
    )
    def test_that_cannot_be_read_is_about_every_call(self, entry: dict[str, Any]) -> None:
        assert disclosure.concerns_reach(
            entry, disclosure.resolve_reach(channel="web", territory="DE")
        )

    @pytest.mark.parametrize("word", ["karaoke", "Agent", "*"])
    def test_of_older_days_raises_a_level_whatever_its_spelling(
        self, make_voice: MakeVoice, acme: Organisation, word: str
    ) -> None:
        Organisation.objects.filter(id=acme.id).update(policy={"minimum_assurance": {word: "L3"}})
        voice = make_voice(use_case="agent")
        with pytest.raises(gate.ConsentDenied) as denied:
            told(voice, {}, use_case="agent.ivr")
        assert [reason.code for reason in denied.value.reasons] == ["assurance_too_low"]


class TestAClip:
    def test_has_the_canonical_words_in_row_log_decision_and_receipt(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        words = {
            "language": "EN_gb",
            "use_case": "Entertainment.AudioBook",
            "channel": "Phone",
            "territory": "chn",
        }
        answer = say(client, voice, **words)

        clip = Clip.objects.get(id=answer["Sayso-Clip"])
        assert (clip.language, clip.use_case, reader.spoken) == ("en-GB", AUDIOBOOK, ["en-GB"])
        asked = {
            "language": "en-GB",
            "use_case": AUDIOBOOK,
            "channel": "telephone",
            "territory": "CN",
        }
        decision = Decision.objects.get(id=answer["Sayso-Decision"])
        assert {name: decision.ask[name] for name in asked} == asked
        assert decision.ask["given"] == words
        body = proofs.list_history(clip.organisation_id, clip.id)[-1].body or {}
        assert (body["language"], body["asked"]) == (
            "en-GB",
            {"channel": "telephone", "territory": "CN"},
        )
        payload = client.get(f"/v1/clips/{clip.id}/receipt").content.decode().split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["decision"]
        assert {name: said[name] for name in asked} == asked
        assert "Sayso-Aigc-Label" in answer


UNKNOWN = [
    ("channel", "fax"),
    ("channel", "everything"),
    ("territory", "Mars"),
    ("territory", "ZZ"),
]


class TestACall:
    def test_with_several_unknown_words_is_refused_by_the_first(
        self, client: Http, voice: Voice
    ) -> None:
        known = client.post(
            "/v1/decisions",
            {
                "voice": voice.id,
                "language": "en",
                "use_case": AUDIOBOOK,
                "channel": "fax",
                "territory": "Mars",
            },
            format="json",
        ).json()
        assert (known["status"], known["code"]) == (422, "channel_unknown")
        assert [fault["code"] for fault in known["errors"]] == [
            "channel_unknown",
            "territory_unknown",
        ]

    @pytest.mark.parametrize(("name", "word"), UNKNOWN)
    @pytest.mark.parametrize("mode", ["sync", "job"])
    def test_for_a_place_that_is_not_known_is_refused_with_the_list(
        self, client: Http, voice: Voice, reader: Reader, name: str, word: str, mode: str
    ) -> None:
        answer = say(client, voice, **{name: word}, delivery={"mode": mode}).json()
        assert (answer["status"], answer["code"], answer["errors"][0]["attr"]) == (
            422,
            f"{name}_unknown",
            name,
        )
        assert "one of: *, " in answer["errors"][0]["detail"]
        assert not Decision.objects.exists()

    @pytest.mark.parametrize(("name", "word"), UNKNOWN)
    def test_of_many_names_the_item(self, client: Http, voice: Voice, name: str, word: str) -> None:
        line = {"voice": voice.id, "text": "Good evening.", "language": "en", "use_case": AUDIOBOOK}
        answer = client.post(
            "/v1/speech/batch", {"items": [line, line | {name: word}]}, format="json"
        ).json()
        assert (answer["status"], answer["code"], answer["errors"][0]["code"]) == (
            422,
            *[f"{name}_unknown"] * 2,
        )
        assert answer["errors"][0]["attr"] == f"items.1.{name}"

    @pytest.mark.parametrize(("name", "word"), UNKNOWN)
    def test_for_a_voice_is_refused_too(
        self, client: Http, make_consent: MakeConsent, reader: Reader, name: str, word: str
    ) -> None:
        data = base64.b64encode((AUDIO / "librivox-austen-0870.wav").read_bytes()).decode()
        form = {
            "consent": make_consent().id, "name": "Mara", "language": "en", "use_case": AUDIOBOOK,
            "samples": [{"audio_base64": data}], name: word,
        }  # fmt: skip
        answer = client.post("/v1/voices", form, format="json").json()
        assert (answer["status"], answer["code"]) == (422, f"{name}_unknown")
        assert not Voice.objects.exists()

    @pytest.mark.parametrize(
        "label",
        ["political", "Political", "POLITICAL", " political ", "ｐｏｌｉｔｉｃａｌ",
         "роlitical", "politics", "political.campaign", "Political-Campaign", "foo",
         "unsure", "Unsure"],
    )  # fmt: skip
    def test_with_a_label_of_what_was_excluded_is_refused_in_every_spelling(
        self, client: Http, make_voice: MakeVoice, reader: Reader, label: str
    ) -> None:
        voice = make_voice(exclusions=["political"], sensitive_content=["adult"])
        answer = say(client, voice, labels=[label])
        assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (
            403,
            "content_excluded",
        )
        assert reader.spoken == []
