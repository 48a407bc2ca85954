"""China's hidden label on the way of a clip: when it is on, that it leaves with every format, and
what verify says.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organisation
from audio import metadata_tags
from audio.decoding import decode_untrusted
from audio.encoding import CODECS, Output, encode_sound
from core import canonical_json
from provenance.clips import aigc_label
from provenance.models import Clip
from provenance.verification import verify
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import AUDIO, Http, MakeConsent, MakeVoice, Reader, say
from voices.models import Voice
from voices.speech import aigc_policy, disclosure

pytestmark = pytest.mark.django_db(transaction=True)
CODE = "001191110102MAD55U9H0F"
HEADER = "Sayso-Aigc-Label"


def producer(policy: Any = None, **changes: Any) -> str:
    words: dict[str, Any] = {"channel": None, "territory": None} | changes
    granted = words.pop("granted", ["*"])
    return aigc_policy.resolve_producer(
        policy or {},
        organisation_id="org_x",
        granted=granted,
        reach=disclosure.resolve_reach(**words),
    )


def governed(organisation: Organisation, **entries: Any) -> None:
    Organisation.objects.filter(id=organisation.id).update(policy=entries)


class TestTheRule:
    @pytest.mark.parametrize(
        ("asked", "on"),
        [
            ({}, False),
            ({"territory": "DE"}, False),
            ({"territory": "CN"}, True),
            ({"territory": "CN-BJ"}, True),
            ({"granted": ["DE", "CN"], "territory": "DE"}, True),
            ({"granted": ["CN-SH"]}, True),
            ({"granted": ["CH"], "territory": "CH"}, False),
            ({"granted": ["HK"], "territory": "HK"}, False),
            ({"territory": "*"}, False),
            ({"territory": "*", "key_territory": "CN"}, True),
            ({"territory": "DE", "key_territory": "CN-BJ"}, True),
            ({"territory": "DE", "key_territory": "SG"}, False),
        ],
    )
    def test_is_on_where_call_or_grant_names_china(self, asked: dict[str, Any], on: bool) -> None:
        assert bool(producer(**asked)) is on

    @pytest.mark.parametrize(
        ("entries", "asked", "on"),
        [
            ([{}], {}, True), ([], {}, False), (None, {}, False), ([], {"territory": "CN"}, True),
            ([{"territories": ["SG"]}], {"territory": "SG"}, True),
            ([{"territories": ["SG"]}], {"territory": "DE"}, False),
            ([{"territories": ["SG"]}], {}, True),  # a call for everywhere is for Singapore too
            ([{"channels": ["app"]}], {"channel": "telephone"}, False),
            ([{"channels": ["app"]}], {"channel": "app"}, True),
            ("everywhere", {}, True), ([7], {}, True),
        ],
    )  # fmt: skip
    def test_is_widened_by_the_policy_and_never_narrowed(
        self, entries: Any, asked: dict[str, Any], on: bool
    ) -> None:
        assert bool(producer({"aigc_label": entries}, **asked)) is on

    @pytest.mark.parametrize(
        ("code", "named"), [(CODE, CODE), (None, "org_x"), ("Mara L.", "org_x"), (7, "org_x")]
    )
    def test_names_the_policys_code_or_the_organisation(self, code: Any, named: str) -> None:
        assert producer({"aigc_producer": code}, territory="CN") == named

    @pytest.mark.parametrize(
        "value", [{}, "CN", [1], [{"mode": "on"}], [{"channels": "app"}], [{"territories": [1]}]]
    )
    def test_is_refused_in_a_policy_when_it_has_not_its_form(self, value: Any) -> None:
        with pytest.raises(ValueError, match="must"):
            aigc_policy.check_aigc_policy(value)

    @pytest.mark.parametrize("value", ["", "a b", "x" * 65, "äöü", "-x", 7, None, "a\r\nb"])
    def test_takes_codes_alone_as_producers(self, value: Any) -> None:
        with pytest.raises(ValueError, match="must be a code"):
            aigc_policy.check_producer(value)


class TestAClipForChina:
    @pytest.mark.parametrize("codec", CODECS)
    def test_leaves_labelled_signed_marked_and_is_found_again(
        self, client: Http, voice: Voice, reader: Reader, acme: Organisation, codec: str
    ) -> None:
        governed(acme, aigc_producer=CODE)

        answer = say(client, voice, territory="CN", output={"codec": codec})

        clip = Clip.objects.get(id=answer["Sayso-Clip"])
        block = json.loads(answer[HEADER])
        assert (answer.status_code, block["ContentProducer"], block["ProduceID"]) == (
            200,
            CODE,
            clip.id,
        )
        assert (aigc_label.read_label_attribute(answer.content) == "1") is (
            codec in metadata_tags.TAGGED
        )
        assert (clip.sha256, clip.manifest_mode != "none") == (
            canonical_json.sha256_hex(answer.content),
            True,
        )
        verdict = verify(answer.content)
        assert (verdict.outcome, verdict.clip and verdict.clip.id) == ("issued", clip.id)

    def test_is_found_again_when_the_label_was_washed_off(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        answer = say(client, voice, territory="CN", output={"codec": "mp3"})
        washed = encode_sound(decode_untrusted(answer.content).sound, Output(codec="ogg"))

        assert aigc_label.read_label_attribute(washed) is None
        assert verify(washed).outcome == "issued_altered"

    def test_shows_the_label_with_its_facts_and_its_audio(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        answer = say(client, voice, territory="CN", output={"codec": "mulaw"})
        path = f"/v1/clips/{answer['Sayso-Clip']}"

        assert client.get(path).json()["aigc_label"] == json.loads(answer[HEADER])
        assert client.get(f"{path}/audio")[HEADER] == answer[HEADER]

    def test_comes_from_a_grant_that_names_china_whatever_the_call_says(
        self, client: Http, make_voice: MakeVoice, make_consent: MakeConsent, reader: Reader
    ) -> None:
        voice = make_voice(make_consent(territories=["CN", "DE"]))

        assert (
            aigc_label.read_label_attribute(
                say(client, voice, territory="DE", output={"codec": "flac"}).content
            )
            == "1"
        )

    def test_is_not_shed_by_a_call_whose_key_is_for_china(
        self, make_key: MakeKey, client_of: ClientOf, voice: Voice, reader: Reader
    ) -> None:
        client = client_of(make_key(default_territory="CN"))

        for territory in (None, "*", "DE"):
            answer = say(client, voice, territory=territory, output={"codec": "flac"})
            assert (territory, aigc_label.read_label_attribute(answer.content)) == (territory, "1")
            assert json.loads(answer[HEADER])["ProduceID"] == answer["Sayso-Clip"]

    def test_names_no_one_but_the_organisation(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        block = json.loads(say(client, voice, territory="CN")[HEADER])

        assert block["ContentProducer"] == voice.organisation_id
        assert set(block) - {"Label", "ContentProducer", "ProduceID"} == {
            key for key in block if block[key] == ""
        }


class TestAnyOtherClip:
    def test_has_no_label(self, client: Http, voice: Voice, reader: Reader) -> None:
        answer = say(client, voice, territory="DE")

        assert HEADER not in answer
        assert aigc_label.read_label_attribute(answer.content) is None
        assert client.get(f"/v1/clips/{answer['Sayso-Clip']}").json()["aigc_label"] is None


class TestASample:
    def test_that_carries_the_label_is_refused_as_synthetic(
        self, client: Http, make_consent: MakeConsent, reader: Reader
    ) -> None:
        plain = (AUDIO / "librivox-austen-0870.wav").read_bytes()
        label = aigc_label.AigcLabel(producer=CODE, clip_id="elsewhere")
        labelled = metadata_tags.add_text_tag(plain, "wav", name=aigc_label.NAME, text=label.text())
        form = {
            "consent": make_consent().id,
            "name": "Mara",
            "language": "en",
            "use_case": "entertainment.audiobook",
        }

        answers = [
            client.post(
                "/v1/voices",
                form | {"samples": [SimpleUploadedFile("a.wav", data)]},
                format="multipart",
            )
            for data in (plain, labelled or b"")
        ]

        assert [answer.status_code for answer in answers] == [201, 422]
        assert answers[1].json()["errors"][0]["code"] == "sample_synthetic"
