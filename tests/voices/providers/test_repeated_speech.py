"""A text that an SDK sends again because its answer was lost is charged once, and spoken once."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Sum

from accounts.models import ApiKey
from consent import services as consents
from consent.models import Consent, GrantUsage
from core import ids
from core.waiting_places import MOST_WAITING, WAITING_PLACES
from provenance.clips import clip_reservation
from provenance.models import Clip
from proxies import repeated_calls
from tests.emulators.emulator import Fault
from tests.emulators.openai import OpenAiEmulator
from tests.voices.conftest import Http, revoke
from tests.voices.providers.test_openai import BASE, SPEAK, consent_id, emulated, remote
from voices.models import Voice

__all__ = ["consent_id", "emulated", "remote"]
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

TEXT = "The lamps along the harbour were lit one after another."


def say(client: Http, voice_id: str, *, count: int | None, **changes: Any) -> Any:
    """Speak as the SDK does that sends a call for the time after `count` others."""
    body = {"model": "gpt-4o-mini-tts", "input": TEXT, "voice": voice_id, "response_format": "wav"}
    sent = {} if count is None else {"HTTP_X_STAINLESS_RETRY_COUNT": str(count)}
    return client.post(
        f"{BASE}/audio/speech", body | changes, format="json", HTTP_SAYSO_LANGUAGE="en", **sent
    )


def charged() -> int:
    """The characters that the person's grants have spent."""
    return int(GrantUsage.objects.aggregate(spent=Sum("used_characters"))["spent"] or 0)


def copy_in_the_making(made: Clip) -> Clip:
    """The row of the same call, which is still carried out."""
    return Clip.objects.create(
        id=clip_reservation.generate_clip_id(),
        decision_id=ids.new("dec"),
        token=made.token + 1,
        **{
            name: getattr(made, name)
            for name in (
                "organisation_id", "livemode", "consent_id", "grant_id", "provider",
                "language", "use_case", "epoch", "created_at", "call_hash",
            )
        },
    )  # fmt: skip


class TestACallSentAgain:
    def test_gets_the_first_clip_and_is_charged_once(
        self, client: Http, emulated: OpenAiEmulator, remote: str
    ) -> None:
        first = say(client, remote, count=0)
        spent = charged()

        again = [say(client, remote, count=count) for count in (1, 2)]

        assert (first.status_code, spent) == (200, len(TEXT))
        for answer in again:
            assert (answer.status_code, answer.content) == (200, first.content)
            assert answer["Sayso-Clip"] == first["Sayso-Clip"]
        assert (charged(), Clip.objects.count(), emulated.count("POST", SPEAK)) == (spent, 1, 1)

    def test_that_failed_before_is_spoken_and_charged_once(
        self, client: Http, emulated: OpenAiEmulator, remote: str
    ) -> None:
        emulated.fail(SPEAK, Fault(status=500))

        assert say(client, remote, count=0).status_code == 503
        assert say(client, remote, count=1).status_code == 200

        assert charged() == len(TEXT)

    def test_while_the_first_is_carried_out_waits_for_it(
        self, client: Http, remote: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = say(client, remote, count=0)
        made = Clip.objects.get()
        making = copy_in_the_making(made)
        Clip.objects.filter(id=made.id).update(call_hash="")

        def finish(_seconds: float) -> None:
            making.delete()
            made.save(update_fields=["call_hash"])

        clock = SimpleNamespace(monotonic=time.monotonic, sleep=finish)
        monkeypatch.setattr(repeated_calls, "time", clock)

        again = say(client, remote, count=1)

        assert (again["Sayso-Clip"], charged()) == (first["Sayso-Clip"], len(TEXT))

    def test_waits_in_no_thread_where_many_wait_already(
        self, client: Http, remote: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A slow stream and its repetitions would hold a thread each, and ask the database on."""
        say(client, remote, count=0)
        made = Clip.objects.get()
        copy_in_the_making(made)
        Clip.objects.filter(id=made.id).update(call_hash="")
        monkeypatch.setattr(
            repeated_calls, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pytest.fail)
        )
        for _ in range(MOST_WAITING):
            WAITING_PLACES.try_taking(made.organisation_id, most=MOST_WAITING)

        again = say(client, remote, count=1)

        for _ in range(MOST_WAITING):
            WAITING_PLACES.free(made.organisation_id)
        assert (again.status_code, again.json()["error"]["code"]) == (503, "first_call_unfinished")

    def test_has_its_answer_in_the_shape_that_it_asks_for(self, client: Http, remote: str) -> None:
        first = say(client, remote, count=0)

        events = say(client, remote, count=1, stream_format="sse")

        assert events["Content-Type"] == "text/event-stream"
        told = [json.loads(line[6:]) for line in events.content.decode().split("\n\n") if line]
        assert base64.b64decode(told[0]["audio"]) == first.content
        assert [event["type"] for event in told] == ["speech.audio.delta", "speech.audio.done"]


def ask_another_text(client: Http, voice_id: str) -> Any:
    return say(client, voice_id, count=1, input=f"{TEXT} And then it rained.")


def ask_another_format(client: Http, voice_id: str) -> Any:
    return say(client, voice_id, count=1, response_format="flac")


def ask_another_speed(client: Http, voice_id: str) -> Any:
    return say(client, voice_id, count=1, speed=1.5)


def ask_without_a_count(client: Http, voice_id: str) -> Any:
    return say(client, voice_id, count=None)


def ask_for_the_first_time(client: Http, voice_id: str) -> Any:
    return say(client, voice_id, count=0)


class TestAnotherCall:
    @pytest.mark.parametrize(
        "ask",
        [
            ask_another_text,
            ask_another_format,
            ask_another_speed,
            ask_without_a_count,
            ask_for_the_first_time,
        ],
    )
    def test_is_spoken_and_charged_by_itself(
        self, client: Http, remote: str, ask: Callable[[Http, str], Any]
    ) -> None:
        first = say(client, remote, count=0)

        other = ask(client, remote)

        assert (other.status_code, other["Sayso-Clip"] == first["Sayso-Clip"]) == (200, False)
        assert charged() >= 2 * len(TEXT)

    def test_of_another_key_is_spoken_by_itself(
        self, client: Http, remote: str, make_key: Any, client_of: Any
    ) -> None:
        first = say(client, remote, count=0)
        other_key = make_key()
        ApiKey.objects.update(default_use_case="entertainment.audiobook")

        other = say(client_of(other_key), remote, count=1)

        assert (other.status_code, other["Sayso-Clip"] == first["Sayso-Clip"]) == (200, False)

    def test_after_ten_minutes_is_spoken_by_itself(self, client: Http, remote: str) -> None:
        first = say(client, remote, count=0)
        clip = Clip.objects.get()
        Clip.objects.update(created_at=clip.created_at - timedelta(minutes=10))

        assert say(client, remote, count=1)["Sayso-Clip"] != first["Sayso-Clip"]
        assert charged() == 2 * len(TEXT)


class TestAPermitThatEnded:
    def test_gives_nothing_again(self, client: Http, remote: str) -> None:
        say(client, remote, count=0)
        voice = Voice.objects.get()
        revoke(voice.consent_id, voice.organisation_id)

        answer = say(client, remote, count=1)

        assert answer.status_code == 403
        assert answer.json()["error"]["reasons"][0]["code"] == "consent_revoked"

    def test_for_a_while_has_the_call_decided_and_charged_again(
        self, client: Http, remote: str
    ) -> None:
        first = say(client, remote, count=0)
        consent = Consent.objects.get()
        whose: dict[str, Any] = {
            "organisation_id": consent.organisation_id, "livemode": False, "actor": "key:test",
            "at": Clip.objects.get().created_at,
        }  # fmt: skip
        consents.suspend_consent(consent.id, reason="check", **whose)
        consents.resume_consent(consent.id, **whose)

        again = say(client, remote, count=1)

        assert (again.status_code, again["Sayso-Clip"] == first["Sayso-Clip"]) == (200, False)
        assert charged() == 2 * len(TEXT)


class TestTheRow:
    def test_does_not_give_a_text_away(self, client: Http, remote: str) -> None:
        say(client, remote, count=0)
        kept = Clip.objects.get().call_hash
        Clip.objects.all().update(call_hash="")

        say(client, remote, count=0)

        other = Clip.objects.exclude(call_hash="").get().call_hash
        assert (len(kept), kept == other) == (64, True)
        assert "lamps" not in kept
