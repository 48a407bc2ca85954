"""The two clocks of a voice: its provider's and its consent's. Both are watched, shown and told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Organisation
from consent.models import Consent
from consent.permits import ConsentDenied
from core.clock import to_rfc3339
from tests.conftest import NOON
from tests.voices.conftest import (
    AUDIOBOOK,
    Http,
    MakeVoice,
    Reader,
    only,
    order_for,
    principal_of,
    say,
)
from transparency_log import proofs
from voices import reconcile
from voices.models import Voice, VoiceState
from voices.speech import pipeline

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

DAY = timedelta(days=1)


@pytest.fixture
def kept(make_voice: MakeVoice) -> Voice:
    """A voice that its provider keeps for ninety days."""
    voice = make_voice()
    Voice.objects.filter(id=voice.id).update(provider_expires_at=NOON + 90 * DAY)
    voice.refresh_from_db()
    return voice


def history(voice: Voice) -> list[tuple[str, Mapping[str, Any]]]:
    """Kinds and bodies of the events of the voice."""
    events = proofs.list_history(voice.organisation_id, voice.id)
    return [(event.kind, event.body or {}) for event in events]


def speak_at(voice: Voice, reader: Reader, at: datetime) -> None:
    pipeline.synthesize_clip(
        order_for(voice),
        voice,
        principal=principal_of(voice),
        now=lambda: at,
        providers=only(reader),
    )


class TestAnExpiredCopy:
    def test_speaks_until_its_last_moment_and_reaches_no_provider_after_it(
        self, kept: Voice
    ) -> None:
        reader, end = Reader(), NOON + 90 * DAY
        speak_at(kept, reader, end - timedelta(milliseconds=1))

        # No sweep has seen it yet.
        with pytest.raises(ConsentDenied) as denied:
            speak_at(kept, reader, end)

        assert [reason.code for reason in denied.value.reasons] == ["voice_expired"]
        assert reader.spoken == ["en"]

    def test_is_refused_on_every_way_with_its_own_code(self, client: Http, kept: Voice) -> None:
        reconcile.sweep_pending_work(at=NOON + 90 * DAY)

        body = {"voice": kept.id, "language": "en", "use_case": AUDIOBOOK}
        decided = client.post("/v1/decisions", body, format="json").json()
        spoken = say(client, kept)

        assert [one["code"] for one in decided["reasons"]] == ["voice_expired"]
        assert spoken.status_code == 403
        assert [one["code"] for one in spoken.json()["reasons"]] == ["voice_expired"]

    def test_is_logged_once(self, kept: Voice) -> None:
        for days in (90, 90, 91):
            reconcile.sweep_pending_work(at=NOON + days * DAY)

        kept.refresh_from_db()
        ended = [body for kind, body in history(kept) if kind == "voice.expired"]
        assert (kept.state, kept.code) == (VoiceState.EXPIRED, "provider_expired")
        assert [body["ends_at"] for body in ended] == [to_rfc3339(NOON + 90 * DAY)]

    def test_follows_the_real_time_and_no_test_clock(self, kept: Voice, acme: Organisation) -> None:
        Organisation.objects.filter(id=acme.id).update(test_clock_ms=100 * 86_400_000)
        reader = Reader()
        kept = Voice.objects.select_related("organisation").get(id=kept.id)

        reconcile.sweep_pending_work(at=NOON)
        speak_at(kept, reader, NOON + 100 * DAY)

        kept.refresh_from_db()
        assert (kept.state, len(reader.spoken)) == (VoiceState.READY, 1)


class TestTheWarning:
    def test_of_the_providers_end_comes_once_and_in_time(self, kept: Voice) -> None:
        for days in (75, 76, 76, 80):
            reconcile.sweep_pending_work(at=NOON + days * DAY)
            told = [body for kind, body in history(kept) if kind == "voice.expiring"]
            assert len(told) == (days > 75)

        assert [(body["clock"], body["ends_at"]) for body in told] == [
            ("provider", to_rfc3339(NOON + 90 * DAY))
        ]

    def test_of_the_consents_end_comes_too(self, voice: Voice) -> None:
        until = Consent.objects.get(id=voice.consent_id).valid_until
        assert until is not None

        reconcile.sweep_pending_work(at=until - 15 * DAY)
        assert "voice.expiring" not in dict(history(voice))
        for _ in range(2):
            reconcile.sweep_pending_work(at=until - 14 * DAY)

        told = [body for kind, body in history(voice) if kind == "voice.expiring"]
        assert [(body["clock"], body["ends_at"]) for body in told] == [
            ("consent", to_rfc3339(until))
        ]

    def test_follows_the_test_clock_of_a_consent(self, voice: Voice, acme: Organisation) -> None:
        until = Consent.objects.get(id=voice.consent_id).valid_until
        assert until is not None
        ahead = until - 7 * DAY - NOON
        Organisation.objects.filter(id=acme.id).update(
            test_clock_ms=round(ahead.total_seconds() * 1000)
        )

        reconcile.sweep_pending_work(at=NOON)

        assert [kind for kind, _ in history(voice)] == ["voice.expiring"]

    def test_comes_again_when_the_end_has_moved(self, kept: Voice) -> None:
        reconcile.sweep_pending_work(at=NOON + 80 * DAY)
        Voice.objects.filter(id=kept.id).update(provider_expires_at=NOON + 95 * DAY)

        reconcile.sweep_pending_work(at=NOON + 82 * DAY)

        told = [body["ends_at"] for kind, body in history(kept) if kind == "voice.expiring"]
        assert told == [to_rfc3339(NOON + days * DAY) for days in (90, 95)]


class TestTheAnswer:
    def test_shows_both_ends_alone_and_in_the_list(self, client: Http, kept: Voice) -> None:
        until = Consent.objects.get(id=kept.consent_id).valid_until
        assert until is not None

        alone = client.get(f"/v1/voices/{kept.id}").json()
        (listed,) = client.get("/v1/voices").json()["data"]

        for shown in (alone, listed):
            assert shown["provider_expires_at"] == to_rfc3339(NOON + 90 * DAY)
            assert shown["consent_expires_at"] == to_rfc3339(until)
