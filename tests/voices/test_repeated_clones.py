"""A clone that an SDK repeats makes one voice."""

from __future__ import annotations

import base64
import threading
from typing import Any

import pytest
from django.db import connections

from accounts.models import ApiKey
from tests.conftest import NOON
from tests.voices.conftest import AUDIO, AUDIOBOOK, Http, MakeConsent, Reader, revoke
from voices import reconcile, voice_deletion
from voices.models import Voice, VoiceState

READING = (AUDIO / "librivox-austen-0870.wav").read_bytes()
PATH = "/proxy/inworld/voices/v1/voices:clone"


@pytest.fixture(autouse=True)
def default_use_case(client: Http, reader: Reader) -> None:
    ApiKey.objects.update(default_use_case=AUDIOBOOK)


def clone(client: Http, consent_id: str, **changes: Any) -> Any:
    body = {
        "displayName": "Mara",
        "langCode": "EN_US",
        "voiceSamples": [{"audioData": base64.b64encode(READING).decode()}],
        "tags": [f"sayso:{consent_id}"],
    }
    return client.post(PATH, body | changes, format="json")


@pytest.mark.django_db
class TestTheSameCall:
    def test_gives_the_same_voice(self, client: Http, make_consent: MakeConsent) -> None:
        consent = make_consent()

        first, again = (clone(client, consent.id).json()["voice"]["voiceId"] for _ in range(2))

        assert (first, Voice.objects.count()) == (again, 1)

    def test_with_another_word_is_another_one(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        consent = make_consent()

        names = {
            clone(client, consent.id, **changes).json()["voice"]["voiceId"]
            for changes in ({}, {"displayName": "Mara B"}, {"description": "calm"})
        }

        assert len(names) == 3

    def test_makes_a_new_voice_after_the_first_was_deleted(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        consent = make_consent()
        first = clone(client, consent.id).json()["voice"]["voiceId"]
        voice_deletion.begin_deletion(first, code="requested")

        again = clone(client, consent.id).json()["voice"]["voiceId"]

        assert again != first

    def test_is_refused_once_the_consent_has_ended(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        consent = make_consent()
        clone(client, consent.id)
        revoke(consent.id, consent.organisation_id)
        reconcile.sweep_pending_work(at=NOON)

        answer = clone(client, consent.id)

        assert answer.status_code == 403


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestTheSameCallAtOnce:
    def test_makes_one_voice(self, client: Http, make_consent: MakeConsent, reader: Reader) -> None:
        consent = make_consent()
        answers: list[Any] = []

        def ask_too() -> None:
            answers.append(clone(client, consent.id))
            connections.close_all()

        second = threading.Thread(target=ask_too)

        def repeat() -> None:
            if not second.is_alive() and not answers:
                second.start()
                second.join(1.0)

        reader.meanwhile = repeat
        first = clone(client, consent.id)
        second.join()

        ids = {answer.json()["voice"]["voiceId"] for answer in (first, *answers)}
        assert (len(answers), len(ids), Voice.objects.count()) == (1, 1, 1)
        assert Voice.objects.get().state == VoiceState.READY
