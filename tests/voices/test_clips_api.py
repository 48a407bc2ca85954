"""`/v1/clips`: a clip's papers, its audio while the permission lasts, its proof; no one else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts import organisation_policy
from accounts.models import Organisation
from consent import services as consents
from core import canonical_json
from provenance.clips import clip_erasure
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import Http, MakeConsent, MakeVoice, noon, revoke, say
from voices import reconcile
from voices.models import Voice

pytestmark = pytest.mark.usefixtures("reader")


def narrow(voice: Voice, left: dict[str, Any]) -> None:
    consents.narrow_consent(
        voice.consent_id, organisation_id=voice.organisation_id, livemode=False, actor="key:test",
        at=noon(), grants=[{"use_case": voice.use_case, **left}],
    )  # fmt: skip


class TestClips:
    def test_show_their_papers(self, client: Http, voice: Voice) -> None:
        spoken = say(client, voice, metadata={"chapter": "1"})

        clip = client.get(f"/v1/clips/{spoken['Sayso-Clip']}").json()
        assert (clip["state"], clip["consent"], clip["decision"], clip["voice"]) == (
            "issued", voice.consent_id, spoken["Sayso-Decision"], voice.id,
        )  # fmt: skip
        assert (clip["sha256"], clip["metadata"]) == (
            spoken["Sayso-Content-Sha256"],
            {"chapter": "1"},
        )
        assert clip["watermark"]["scheme"] == "sayso-speech/1"
        assert {"grant", "c2pa", "sha256_pcm", "log_index"} <= set(clip)

    def test_are_listed_newest_first_page_by_page(self, client: Http, voice: Voice) -> None:
        made = [say(client, voice)["Sayso-Clip"] for _ in range(3)]

        first = client.get("/v1/clips?limit=2").json()
        second = client.get(f"/v1/clips?limit=2&after={first['last_id']}").json()
        seen = [row["id"] for row in first["data"] + second["data"]]
        assert (sorted(seen), first["has_more"], second["has_more"]) == (sorted(made), True, False)

    def test_are_filtered(self, client: Http, voice: Voice, make_voice: MakeVoice) -> None:
        mine = say(client, voice)["Sayso-Clip"]
        say(client, make_voice())

        for query in (f"voice={voice.id}", f"consent={voice.consent_id}"):
            assert [row["id"] for row in client.get(f"/v1/clips?{query}").json()["data"]] == [mine]
        assert client.get("/v1/clips?to=2026-11-21T12:00:00Z").json()["data"] == []
        assert len(client.get("/v1/clips?from=2026-11-21T12:00:00Z").json()["data"]) == 2

    @pytest.mark.parametrize(
        "query", ["from=yesterday", "to=2026-11-21T12:00:00", "limit=0", "limit=101"]
    )
    def test_refuse_a_filter_that_means_nothing(self, client: Http, query: str) -> None:
        assert client.get(f"/v1/clips?{query}").status_code == 422

    def test_are_no_one_elses(
        self, client: Http, voice: Voice, make_key: MakeKey, client_of: ClientOf, bolt: Organisation
    ) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        stranger = client_of(make_key(organisation=bolt))

        for path in ("", "/audio", "/proof", "/manifest"):
            assert stranger.get(f"/v1/clips/{clip}{path}").status_code == 404
        assert stranger.get("/v1/clips").json()["data"] == []

    def test_have_a_proof_and_a_manifest(self, client: Http, voice: Voice) -> None:
        clip = say(client, voice)["Sayso-Clip"]

        assert client.get(f"/v1/clips/{clip}/proof").content.startswith(b"c2sp.org/tlog-proof@v1")
        manifest, shown = (
            client.get(f"/v1/clips/{clip}/manifest"),
            client.get(f"/v1/clips/{clip}").json(),
        )
        assert manifest["Content-Type"] == "application/c2pa"
        assert shown["c2pa"]["sha256"] == canonical_json.sha256_hex(manifest.content)


class TestAudio:
    def test_is_the_very_bytes(self, client: Http, voice: Voice) -> None:
        spoken = say(client, voice)

        answer = client.get(f"/v1/clips/{spoken['Sayso-Clip']}/audio")

        assert (answer.content, answer["Content-Type"]) == (spoken.content, "audio/wav")

    def test_ends_with_the_revocation_itself(self, client: Http, voice: Voice) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        revoke(voice.consent_id, voice.organisation_id)

        answer = client.get(f"/v1/clips/{clip}/audio")

        assert (answer.status_code, answer.json()["code"]) == (403, "consent_denied")
        assert answer.json()["reasons"][0]["code"] == "consent_revoked"

    def test_ends_while_what_proves_the_clip_stays(self, client: Http, voice: Voice) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        proofs = ("", "/manifest", "/proof", "/receipt", "/opening")
        before = {path: client.get(f"/v1/clips/{clip}{path}").status_code for path in proofs}
        revoke(voice.consent_id, voice.organisation_id)

        assert client.get(f"/v1/clips/{clip}/audio").status_code == 403
        assert {
            path: client.get(f"/v1/clips/{clip}{path}").status_code for path in proofs
        } == before
        assert set(before.values()) == {200}

    def test_stays_ended_after_the_sweep(self, client: Http, voice: Voice) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        revoke(voice.consent_id, voice.organisation_id)
        reconcile.sweep_pending_work(at=noon())

        answer = client.get(f"/v1/clips/{clip}/audio")

        assert (answer.status_code, answer.json()["code"]) == (403, "clip_withdrawn")

    def test_is_gone_after_erasure(self, client: Http, voice: Voice) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        with transaction.atomic():
            clip_erasure.erase_clips_of_subject(voice.subject)

        answer = client.get(f"/v1/clips/{clip}/audio")

        assert (answer.status_code, answer.json()["code"]) == (404, "clip_erased")

    @pytest.mark.parametrize(
        "left", [{"sensitive_content": []}, {"exclusions": ["medical_advice"]}]
    )
    def test_ends_with_its_label(
        self, client: Http, make_consent: MakeConsent, make_voice: MakeVoice, left: dict[str, Any]
    ) -> None:
        voice = make_voice(make_consent(sensitive_content=["medical_advice"]))
        clip = say(client, voice, labels=["medical_advice"])["Sayso-Clip"]
        plain = say(client, voice)["Sayso-Clip"]
        narrow(voice, left)

        answer = client.get(f"/v1/clips/{clip}/audio")

        assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (
            403,
            "content_excluded",
        )
        assert client.get(f"/v1/clips/{plain}/audio").status_code == 200

    def test_ends_with_the_level_that_its_use_needs(self, client: Http, voice: Voice) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        organisation_policy.change_policy(
            voice.organisation_id, {"minimum_assurance": {"*": "L3"}}, actor="member:x", at=noon()
        )

        answer = client.get(f"/v1/clips/{clip}/audio")

        assert answer.json()["reasons"][0]["code"] == "assurance_too_low"

    def test_ends_with_its_voice(self, client: Http, voice: Voice) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        assert client.delete(f"/v1/voices/{voice.id}").status_code == 202

        answer = client.get(f"/v1/clips/{clip}/audio")

        assert answer.json()["reasons"][0]["code"] == "voice_not_ready"

    def test_a_used_up_quota_does_not_take_it_away(
        self, client: Http, make_consent: MakeConsent, make_voice: MakeVoice
    ) -> None:
        voice = make_voice(make_consent(quota={"clips": 1}))
        spoken = say(client, voice)

        assert client.get(f"/v1/clips/{spoken['Sayso-Clip']}/audio").content == spoken.content
