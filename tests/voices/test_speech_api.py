"""`/v1/speech`, `/v1/jobs` and `/v1/clips`: audio with its papers, or a refusal that says why."""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from accounts.models import Organisation
from audio.decoding import decode_untrusted
from audio.encoding import CODECS
from provenance.models import Clip
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support.spoken_sentences import SENTENCES
from tests.voices.conftest import AUDIOBOOK, SENTENCE, Http, Reader, noon, only, revoke, say
from voices.models import Job, Voice
from voices.speech import job_queue

Body = dict[str, Any]


pytestmark = pytest.mark.usefixtures("reader")


class TestSync:
    def test_answers_with_audio_and_its_papers(self, client: Http, voice: Voice) -> None:
        answer = say(client, voice, output={"codec": "mp3"})

        assert (answer.status_code, answer["Content-Type"]) == (200, "audio/mpeg")
        clip = Clip.objects.get()
        assert (answer["Sayso-Clip"], answer["Sayso-Decision"]) == (clip.id, clip.decision_id)
        assert answer["Sayso-Content-Sha256"] == hashlib.sha256(answer.content).hexdigest()
        assert answer["Link"].endswith(f'/v1/clips/{clip.id}/manifest>; rel="c2pa-manifest"')
        assert decode_untrusted(answer.content).seconds > 2.5

    def test_says_where_its_receipt_and_its_manifest_are(self, client: Http, voice: Voice) -> None:
        answer = say(client, voice)

        links = re.findall(r'<([^>]+)>; rel="([^"]+)"', answer["Link"])
        found = {rel: client.get(urlsplit(url).path) for url, rel in links}
        kinds = {rel: (shown.status_code, shown["Content-Type"]) for rel, shown in found.items()}
        assert kinds == {
            "describedby": (200, "application/jose"),
            "c2pa-manifest": (200, "application/c2pa"),
        }

    @pytest.mark.parametrize("codec", CODECS)
    def test_speaks_every_codec(self, client: Http, voice: Voice, codec: str) -> None:
        assert say(client, voice, output={"codec": codec}).status_code == 200

    def test_what_is_not_covered_is_refused_with_every_reason(
        self, client: Http, voice: Voice
    ) -> None:
        answer = say(client, voice, language="ja", use_case="advertising.commercial")

        assert (answer.status_code, answer.json()["code"]) == (403, "consent_denied")
        codes = {reason["code"] for reason in answer.json()["reasons"]}
        assert codes >= {"language_not_covered", "use_case_not_covered"}

    def test_defaults_of_the_key_fill_the_gaps(
        self, make_key: MakeKey, client_of: ClientOf, voice: Voice, clock_at_noon: None
    ) -> None:
        client = client_of(
            make_key(default_use_case=AUDIOBOOK, default_language="de", default_channel="app")
        )

        asked = {"voice": voice.id, "text": SENTENCES["de"]}
        answer = client.post("/v1/speech", asked, format="json")

        assert answer.status_code == 200
        assert Clip.objects.get().language == "de"

    @pytest.mark.parametrize(
        ("changes", "code", "attr"),
        [
            ({"language": None}, "language_required", "language"),
            ({"use_case": None}, "use_case_required", "use_case"),
            ({"text": ""}, "blank", "text"),
            ({"text": " \n"}, "blank", "text"),
            ({"text": "x" * 5001}, "max_length", "text"),
            ({"text": "a\u0007b"}, "control_characters", "text"),
            ({"text": 7}, None, "text"),
            ({"delivery": {"mode": "carrier pigeon"}}, "invalid_choice", "delivery.mode"),
            ({"disclosure": {"position": "start"}}, "invalid_choice", "disclosure"),
            ({"prosody": {"emotion": "calm"}}, "unsupported_field", "prosody.emotion"),
            ({"prosody": {"speed": 0.49}}, "out_of_range", "prosody.speed"),
            ({"prosody": {"speed": 2.01}}, "out_of_range", "prosody.speed"),
            ({"prosody": {"speed": True}}, "invalid", "prosody.speed"),
            ({"prosody": {"speed": 1e300}}, "invalid", "prosody.speed"),
            ({"prosody": {"pitch_semitones": 12.5}}, "out_of_range", "prosody.pitch_semitones"),
            ({"output": {"codec": "aac"}}, "unsupported_field", "output.codec"),
            (
                {"output": {"codec": "wav", "sample_rate_hz": 12_345}},
                "out_of_range",
                "output.sample_rate_hz",
            ),
            (
                {"output": {"codec": "wav", "sample_rate_hz": "24000"}},
                "invalid",
                "output.sample_rate_hz",
            ),
            (
                {"output": {"codec": "wav", "sample_rate_hz": 10**400}},
                None,
                "output.sample_rate_hz",
            ),
            (
                {"output": {"codec": "flac", "bit_rate_bps": 64_000}},
                "unsupported_field",
                "output.bit_rate_bps",
            ),
            ({"provider_options": {"seed": 1}}, "unsupported_field", "provider_options.seed"),
            ({"speed": 1}, "unknown_field", "speed"),
            ({"prosody": {"tempo": 1}}, "unknown_field", "prosody.tempo"),
            ({"labels": ["x"] * 21}, "out_of_range", "labels"),
        ],
    )
    def test_refuses_what_it_cannot_honour(
        self, client: Http, voice: Voice, reader: Reader, changes: Body, code: str | None, attr: str
    ) -> None:
        answer = say(client, voice, **changes)

        assert answer.status_code == 422
        first = answer.json()["errors"][0]
        assert first["attr"] == attr
        assert code is None or first["code"] == code
        assert reader.spoken == []

    @pytest.mark.parametrize("speed", [0.5, 2, 2.0])
    def test_takes_numbers_at_the_very_end(self, client: Http, voice: Voice, speed: float) -> None:
        assert (
            say(client, voice, prosody={"speed": speed, "pitch_semitones": -12}).status_code == 200
        )

    @pytest.mark.parametrize("voice_id", ["vox_" + "a" * 26, "nonsense", "clp_" + "a" * 26])
    def test_knows_no_strangers(self, client: Http, voice_id: str) -> None:
        answer = client.post(
            "/v1/speech",
            {"voice": voice_id, "text": "Hm.", "language": "en", "use_case": AUDIOBOOK},
            format="json",
        )

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_live_keys_see_no_test_voices(
        self, make_key: MakeKey, client_of: ClientOf, voice: Voice, clock_at_noon: None
    ) -> None:
        assert say(client_of(make_key(live=True)), voice).status_code == 404

    def test_no_refusal_and_no_log_line_quotes_the_text(
        self, client: Http, voice: Voice, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = say(client, voice, text="Xylophone quartz \u0007")

        assert "Xylophone" not in answer.content.decode() + caplog.text


class TestJob:
    def test_is_accepted_and_then_done(self, client: Http, voice: Voice, reader: Reader) -> None:
        answer = say(
            client, voice, delivery={"mode": "job"}, client_reference="line 1", external_id="j-1"
        )
        assert (answer.status_code, answer.json()["state"], answer.json()["external_id"]) == (
            202,
            "queued",
            "j-1",
        )

        job_queue.run_job_items(answer.json()["id"], wall_clock=noon, providers=only(reader))

        done = client.get(answer["Location"]).json()
        assert (done["state"], done["progress"]) == (
            "done",
            {"total": 1, "done": 1, "refused": 0, "failed": 0, "cancelled": 0},
        )
        assert client.get(f"/v1/clips/{done['clip']}").json()["client_reference"] == "line 1"

    def test_a_refusal_says_why(self, client: Http, voice: Voice, reader: Reader) -> None:
        job_id = say(client, voice, delivery={"mode": "job"}, language="ja").json()["id"]

        job_queue.run_job_items(job_id, wall_clock=noon, providers=only(reader))

        found = client.get(f"/v1/jobs/{job_id}").json()
        assert (found["state"], found["code"], found["clip"]) == ("refused", "consent_denied", None)
        assert found["reasons"][0]["code"] == "language_not_covered"

    def test_strangers_find_nothing(
        self, client: Http, voice: Voice, make_key: MakeKey, client_of: ClientOf, bolt: Organisation
    ) -> None:
        job_id = say(client, voice, delivery={"mode": "job"}).json()["id"]

        assert client_of(make_key(organisation=bolt)).get(f"/v1/jobs/{job_id}").status_code == 404


class TestBatch:
    def test_cannot_be_streamed(self, client: Http, voice: Voice) -> None:
        body = {"voice": voice.id, "items": [{"text": SENTENCE}], "delivery": {"mode": "stream"}}
        fault = client.post("/v1/speech/batch", body, format="json").json()["errors"][0]
        assert (fault["code"], fault["attr"]) == ("unsupported_field", "delivery.mode")

    def test_items_stand_on_common_fields(self, client: Http, voice: Voice, reader: Reader) -> None:
        common = {
            "voice": voice.id,
            "language": "en",
            "use_case": AUDIOBOOK,
            "output": {"codec": "flac"},
        }
        items = [
            {"text": "One sentence."},
            {"text": "Ein Satz.", "language": "de"},
            {"text": "日本", "language": "ja"},
        ]

        answer = client.post("/v1/speech/batch", common | {"items": items}, format="json")
        assert answer.status_code == 202, answer.json()
        job_queue.run_job_items(answer.json()["id"], wall_clock=noon, providers=only(reader))

        found = client.get(f"/v1/jobs/{answer.json()['id']}").json()
        assert found["progress"] == {
            "total": 3, "done": 2, "refused": 1, "failed": 0, "cancelled": 0,
        }  # fmt: skip
        assert [item["state"] for item in found["items"]] == ["done", "done", "refused"]
        assert set(Clip.objects.filter(state="issued").values_list("language", "codec")) == {
            ("en", "flac"), ("de", "flac"),
        }  # fmt: skip

    def test_one_bad_item_refuses_all_and_is_named(self, client: Http, voice: Voice) -> None:
        items = [{"text": "Fine."}, {"text": ""}, {"txt": "x"}, {}]
        wanted = {"voice": voice.id, "language": "en", "use_case": AUDIOBOOK, "items": items}

        answer = client.post("/v1/speech/batch", wanted, format="json")

        assert answer.status_code == 422
        assert {row["attr"] for row in answer.json()["errors"]} == {
            "items.1.text",
            "items.2.txt",
            "items.3.text",
        }
        assert not Job.objects.exists()

    @pytest.mark.parametrize("items", [[], [{"text": "x"}] * 1001, "x", [7]])
    def test_takes_one_to_a_thousand(self, client: Http, voice: Voice, items: object) -> None:
        wanted = {"voice": voice.id, "language": "en", "use_case": AUDIOBOOK, "items": items}

        assert client.post("/v1/speech/batch", wanted, format="json").status_code == 422


class TestIdempotency:
    def test_a_retry_gets_the_same_clip(self, client: Http, voice: Voice) -> None:
        wanted = {"voice": voice.id, "text": SENTENCE, "language": "en", "use_case": AUDIOBOOK}
        first, second = (
            client.post("/v1/speech", wanted, format="json", HTTP_IDEMPOTENCY_KEY="once")
            for _ in range(2)
        )

        assert (first.content, first["Sayso-Clip"]) == (second.content, second["Sayso-Clip"])
        assert second["Idempotent-Replayed"] == "true"

    def test_no_retry_is_answered_after_a_revocation(self, client: Http, voice: Voice) -> None:
        wanted = {"voice": voice.id, "text": SENTENCE, "language": "en", "use_case": AUDIOBOOK}
        client.post("/v1/speech", wanted, format="json", HTTP_IDEMPOTENCY_KEY="once")
        revoke(voice.consent_id, voice.organisation_id)

        again = client.post("/v1/speech", wanted, format="json", HTTP_IDEMPOTENCY_KEY="once")

        assert (again.status_code, again.json()["code"]) == (403, "consent_denied")
