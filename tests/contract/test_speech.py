"""The contract of speech: audio with its papers, refusals, jobs, clips, and the question where a
clip came from.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.contract.conftest import Sender, World, problem
from tests.contract.test_bad_uploads import file, form, send
from tests.fixtures.organisations import MakeKey
from tests.support.api_calls import say
from tests.support.spoken_sentences import SENTENCES
from tests.voices.conftest import AUDIOBOOK, SENTENCE, Reader, noon, only
from voices.speech import job_queue

pytestmark = pytest.mark.django_db


class TestSpeech:
    def test_comes_with_its_papers_in_headers(self, http: Sender, world: World) -> None:
        answer = say(http, world)
        assert (answer.status_code, answer["Content-Type"]) == (200, "audio/wav")
        assert answer["Sayso-Content-Sha256"] == hashlib.sha256(answer.content).hexdigest()
        assert answer["Sayso-Decision"].startswith("dec_")
        clip = answer["Sayso-Clip"]
        assert answer["Link"].endswith(f'/v1/clips/{clip}/manifest>; rel="c2pa-manifest"')

    @pytest.mark.parametrize(
        ("codec", "kind"),
        [("mp3", "audio/mpeg"), ("flac", "audio/flac"), ("opus", "audio/"), ("ogg", "audio/ogg"),
         ("pcm_s16le", "audio/"), ("mulaw", "audio/")],
    )  # fmt: skip
    def test_comes_in_every_codec(self, http: Sender, world: World, codec: str, kind: str) -> None:
        answer = say(http, world, output={"codec": codec})
        assert answer.status_code == 200, answer.content
        assert answer["Content-Type"].startswith(kind)

    def test_refusal_has_the_shape_of_a_decision(self, http: Sender, world: World) -> None:
        asked = say(http, world, language="ja", text=SENTENCES["ja"])
        found = problem(asked, 403, "consent_denied")
        kept = http.get(f"/v1/decisions/{found['decision']}").json()
        assert found["reasons"] == kept["reasons"]
        assert [fault["code"] for fault in found["errors"]] == ["language_not_covered"]
        assert "Japanese (ja) was not agreed to" in found["detail"]

    @pytest.mark.parametrize(
        ("changes", "code", "attr"),
        [
            ({"prosody": {"emotion": "joy"}}, "unsupported_field", "prosody.emotion"),
            ({"provider_options": {"warmth": 1}}, "unsupported_field", "provider_options.warmth"),
            ({"disclosure": "whispered"}, "invalid_choice", "disclosure"),
            ({"output": {"codec": "aac"}}, "unsupported_field", "output.codec"),
            ({"prosody": {"speed": 99}}, "out_of_range", "prosody.speed"),
            (
                {"output": {"codec": "wav", "sample_rate_hz": 1}},
                "out_of_range",
                "output.sample_rate_hz",
            ),
            ({"use_case": None}, "use_case_required", "use_case"),
            ({"language": None}, "language_required", "language"),
        ],
    )
    def test_field_that_cannot_be_honoured_is_refused(
        self,
        http: Sender,
        world: World,
        reader: Reader,
        changes: dict[str, Any],
        code: str,
        attr: str,
    ) -> None:
        found = problem(say(http, world, **changes), 422)
        assert (found["errors"][0]["code"], found["errors"][0]["attr"]) == (code, attr)
        assert reader.spoken == []

    def test_use_case_falls_back_to_the_keys_default(self, world: World, make_key: MakeKey) -> None:
        own = Sender(make_key(default_use_case=AUDIOBOOK, default_language="en").secret)
        assert say(own, world, use_case=None, language=None).status_code == 200


class TestJob:
    def test_runs_and_names_its_clip(self, http: Sender, world: World, reader: Reader) -> None:
        answer = say(http, world, delivery={"mode": "job"})
        made = answer.json()
        assert (answer.status_code, made["state"], answer["Location"]) == (
            202,
            "queued",
            f"/v1/jobs/{made['id']}",
        )
        job_queue.run_job_items(made["id"], wall_clock=noon, providers=only(reader))
        done = http.get(answer["Location"]).json()
        assert (done["state"], done["progress"]) == (
            "done",
            {"total": 1, "done": 1, "refused": 0, "failed": 0, "cancelled": 0},
        )
        assert http.get(f"/v1/clips/{done['clip']}/audio").status_code == 200

    def test_of_a_batch_counts_what_became_of_each(
        self, http: Sender, world: World, reader: Reader
    ) -> None:
        body = world.speech() | {
            "items": [{"text": SENTENCE}, {"text": SENTENCE, "language": "ja"}]
        }
        made = http.post("/v1/speech/batch", body).json()
        job_queue.run_job_items(made["id"], wall_clock=noon, providers=only(reader))
        done = http.get(f"/v1/jobs/{made['id']}").json()
        assert done["progress"] == {
            "total": 2, "done": 1, "refused": 1, "failed": 0, "cancelled": 0,
        }  # fmt: skip
        assert [item["state"] for item in done["items"]] == ["done", "refused"]
        assert done["items"][1]["reasons"][0]["code"] == "language_not_covered"


class TestClip:
    def test_gives_out_its_audio_and_its_proof(self, http: Sender, world: World) -> None:
        spoken = say(http, world)
        path = f"/v1/clips/{spoken['Sayso-Clip']}"
        shown, audio, proof = (
            http.get(path).json(),
            http.get(f"{path}/audio"),
            http.get(f"{path}/proof"),
        )
        assert (audio.content, audio["Content-Type"]) == (spoken.content, "audio/wav")
        assert (shown["state"], shown["sha256"]) == ("issued", spoken["Sayso-Content-Sha256"])
        assert set(shown["c2pa"]) == {"mode", "manifest_id", "sha256", "reason"}
        assert proof["Content-Type"].startswith("text/plain")
        assert proof.content.startswith(b"c2sp.org/tlog-proof@v1\n")
        assert set(shown["watermark"]) == {
            "scheme",
            "key",
            "token",
            "margin_db",
            "score",
            "self_check",
            "second_marks",
        }

    def test_has_a_manifest(self, http: Sender, world: World) -> None:
        path = f"/v1/clips/{world['clip_id']}"
        manifest, shown = http.get(f"{path}/manifest"), http.get(path).json()["c2pa"]
        assert (manifest.status_code, manifest["Content-Type"]) == (200, "application/c2pa")
        assert (shown["mode"], shown["sha256"]) == (
            "embedded",
            hashlib.sha256(manifest.content).hexdigest(),
        )

    def test_audio_ends_with_the_permission(self, http: Sender, world: World) -> None:
        path = f"/v1/clips/{world['clip_id']}/audio"
        http.post(f"/v1/consents/{world['consent_id']}/revoke")
        assert problem(http.get(path), 403)["code"] in {"consent_denied", "clip_withdrawn"}


class TestVerify:
    def test_tells_strangers_where_a_clip_came_from(
        self, http: Sender, world: World, anybody: Sender
    ) -> None:
        spoken = say(http, world)
        found = send(anybody, "/v1/verify", form(file("file", spoken.content))).json()
        assert set(found) == {
            "verdict",
            "detail",
            "reason",
            "clip",
            "evidence",
            "marks",
            "duration_ms",
            "caveat",
        }
        assert found["clip"] == {
            "id": spoken["Sayso-Clip"], "issued_at": "2026-11-21T12:00:00Z", "organisation": "Acme",
            "consent_state": "active", "consent_assurance": "L1", "livemode": False,
        }  # fmt: skip
        assert (found["verdict"], found["evidence"][0]["layer"]) == ("issued", "sha256")
        assert all(set(one) == {"layer", "result", "detail"} for one in found["evidence"])

    def test_after_a_revocation_says_withdrawn(
        self, http: Sender, world: World, anybody: Sender
    ) -> None:
        spoken = say(http, world)
        http.post(f"/v1/consents/{world['consent_id']}/revoke")
        found = send(anybody, "/v1/verify", form(file("file", spoken.content))).json()
        assert found["verdict"] == "issued_withdrawn"

    def test_needs_no_key_and_refuses_a_bad_one(self, anybody: Sender) -> None:
        upload = form(file("file", b"words"))
        kind = "multipart/form-data; boundary=edge"

        answer = anybody.send("POST", "/v1/verify", upload, kind)
        assert (answer.status_code, answer.json()["clip"]) == (200, None)

        # Who sends a key wants its limit, and must be told that it does not count.
        answer = anybody.send(
            "POST", "/v1/verify", upload, kind, HTTP_AUTHORIZATION="Bearer nonsense"
        )
        assert answer.status_code == 401
