"""A clone as a job: the gate at once, the work in a worker, the faults in the voice (A19)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from consent.models import Reservation
from core.errors import Unavailable
from tests.conftest import NOON
from tests.voices.conftest import (
    AUDIO,
    AUDIOBOOK,
    Http,
    MakeConsent,
    Reader,
    noon,
    only,
    revoke,
)
from upstream.upstream_errors import ProviderUnavailable
from vault.models import Blob
from voices import background_cloning, reconcile
from voices.models import Sample, Voice
from voices.providers.base import Clone, ProviderVoice

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reader")]

READING = (AUDIO / "librivox-austen-0870.wav").read_bytes()


def ask(client: Http, consent_id: str, sample: bytes = READING, **more: Any) -> Any:
    body = {
        "consent": consent_id,
        "name": "Mara",
        "language": "en",
        "use_case": AUDIOBOOK,
        "samples": [{"audio_base64": base64.b64encode(sample).decode(), "transcript": "Evening."}],
        "delivery": {"mode": "job"},
    }
    return client.post("/v1/voices", body | more, format="json")


def train(voice_id: str, provider: Any = None) -> bool:
    return background_cloning.run_training(
        voice_id, wall_clock=noon, providers=only(provider or Reader())
    )


class Away(Reader):
    def clone(self, order: Clone) -> ProviderVoice:
        raise ProviderUnavailable("It does not answer.")


class TestAClone:
    def test_is_answered_at_once_and_made_by_a_worker(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        answer = ask(client, make_consent().id)
        made = answer.json()
        assert (answer.status_code, made["state"]) == (202, "training")
        assert int(answer["Retry-After"]) >= 1 and answer["Sayso-Decision"] == made["decision"]
        assert reconcile.sweep_pending_work(at=NOON).trainings == (made["id"],)

        assert train(made["id"])

        polled = client.get(f"/v1/voices/{made['id']}")
        ready = polled.json()
        assert ready["state"] == "ready" and "Retry-After" not in polled
        assert [sample["position"] for sample in ready["samples"]] == [0]
        assert {one["name"] for one in ready["checks"]} >= {"speech_seconds", "one_speaker"}
        assert ready["errors"] == [] and ready["name"] == "Mara"
        assert train(made["id"]) is False  # a message that comes twice

    def test_of_a_recording_that_cannot_be_used_says_why_and_keeps_nothing(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        consent = make_consent()
        before = Blob.objects.count()
        made = ask(client, consent.id, b"no audio").json()

        train(made["id"])

        failed = client.get(f"/v1/voices/{made['id']}").json()
        assert (failed["state"], failed["code"]) == ("failed", "sample_unreadable")
        (fault,) = failed["errors"]
        assert (fault["code"], fault["attr"]) == ("sample_unreadable", "samples.0")
        assert failed["samples"] == [] and Blob.objects.count() == before
        assert not Reservation.objects.filter(state="held").exists()

    def test_is_refused_by_the_gate_before_anything_is_kept(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        answer = ask(client, make_consent(signed=False).id)
        assert (answer.status_code, answer.json()["code"]) == (403, "consent_denied")
        assert not Voice.objects.exists() and not Sample.objects.exists()

    def test_is_tried_again_while_the_provider_is_away_and_then_given_up(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        voice_id = ask(client, make_consent().id).json()["id"]
        for _ in range(background_cloning.MOST_ATTEMPTS - 1):
            with pytest.raises(Unavailable):
                train(voice_id, Away())
            assert Voice.objects.get(id=voice_id).state == "training"

        train(voice_id, Away())

        assert client.get(f"/v1/voices/{voice_id}").json()["code"] == "provider_unavailable"

    def test_of_a_consent_that_has_ended_is_not_made(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        consent = make_consent()
        voice_id = ask(client, consent.id).json()["id"]
        revoke(consent.id, consent.organisation_id)

        train(voice_id)

        assert client.get(f"/v1/voices/{voice_id}").json()["state"] != "ready"

    def test_goes_to_a_worker_by_itself_when_it_is_large(
        self, client: Http, make_consent: MakeConsent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(background_cloning, "SLOW_BYTES", len(READING))
        body: dict[str, Any] = {"delivery": {"mode": "sync"}}
        assert ask(client, make_consent().id, **body).status_code == 201
        client_body = base64.b64encode(READING).decode()
        answer = client.post(
            "/v1/voices",
            {
                "consent": make_consent().id, "name": "Mara", "language": "en",
                "samples": [{"audio_base64": client_body}],
            },
            format="json",
        )  # fmt: skip
        assert (answer.status_code, answer.json()["state"]) == (202, "training")
