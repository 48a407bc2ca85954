"""Voices at OpenAI whose answer was lost: its list shows their consents alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from tests.emulators.emulator import Fault
from tests.emulators.openai import OpenAiEmulator
from tests.voices.conftest import Http
from tests.voices.providers.test_openai import CONSENTS, VOICES, consent_id, emulated, state
from tests.voices.test_background_cloning import ask
from upstream.upstream_errors import ProviderUnavailable
from voices import reconcile, tasks, voice_deletion
from voices.models import Voice
from voices.providers.base import CopyUnfindable

__all__ = ["consent_id", "emulated"]
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def remove(voice_id: str, *, days: int) -> bool:
    """Delete a voice there and here, so many days from now."""
    later = clock.now() + timedelta(days=days)
    return voice_deletion.run_deletion(voice_id, actor="system:test", wall_clock=lambda: later)


class TestAClone:
    def test_that_may_have_been_made_is_asked_for_no_more_and_left_to_a_person(
        self, client: Http, emulated: OpenAiEmulator, consent_id: str
    ) -> None:
        state(client, consent_id)
        emulated.fail(VOICES, Fault(status=500))
        voice_id = ask(client, consent_id, provider="openai").json()["id"]
        with pytest.raises(ProviderUnavailable):
            tasks.train_voice(voice_id=voice_id)
        assert len(emulated.consents) == 1

        tasks.train_voice(voice_id=voice_id)

        voice = Voice.objects.get()
        assert (voice.state, voice.code) == ("failed", "earlier_copy_uncertain")
        assert (emulated.count("POST", CONSENTS), emulated.count("POST", VOICES)) == (1, 1)

        reconcile.sweep_pending_work(at=clock.now())
        for days in (1, 2):
            with pytest.raises(CopyUnfindable):
                remove(voice_id, days=days)
        voice.refresh_from_db()
        assert (voice.state, emulated.consents) == ("revoking", {})

    def test_that_was_refused_for_a_moment_is_made_once(
        self, client: Http, emulated: OpenAiEmulator, consent_id: str
    ) -> None:
        state(client, consent_id)
        emulated.fail(VOICES, Fault(status=429))
        voice_id = ask(client, consent_id, provider="openai").json()["id"]
        with pytest.raises(ProviderUnavailable):
            tasks.train_voice(voice_id=voice_id)

        tasks.train_voice(voice_id=voice_id)

        assert Voice.objects.get().state == "ready"
        assert (len(emulated.consents), len(emulated.voices)) == (1, 1)
