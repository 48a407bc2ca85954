"""Voices at a provider: trained there, lost there, deleted there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from consent.models import Reservation
from tests.conftest import NOON
from tests.support.checked_accounts import insert_account
from tests.voices.conftest import Http, MakeConsent, Reader, noon, only, principal_of, revoke
from tests.voices.test_background_cloning import READING, ask
from upstream.upstream_errors import ProviderUnavailable
from voices import background_cloning, cloning, reconcile, voice_deletion, voice_expiry
from voices.models import Voice, VoiceState
from voices.providers.base import (
    Capabilities,
    Clone,
    ProviderVoice,
    RemoteVoice,
    TrainingProgress,
    TrainingState,
)
from voices.synthesis_requests import CloneRequest

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db,
    pytest.mark.usefixtures("reader"),
]


@dataclass
class Trainer(Reader):
    """A provider that trains: what it has, by its own id, and how far it is."""

    state: TrainingState = TrainingState.TRAINING
    there: dict[str, str] = field(default_factory=dict)
    keeps: bool = False
    dies: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def capabilities(self) -> Capabilities:
        return Capabilities(languages=None, trains=True)

    def clone(self, order: Clone) -> ProviderVoice:
        self.there[f"r{len(self.there)}"] = order.reference
        if self.dies:
            raise KeyboardInterrupt
        return ProviderVoice(remote_id="r0", is_ready=False, expires_at=NOON + timedelta(days=90))

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        if voice.remote_id not in self.there:
            return TrainingProgress(state=TrainingState.MISSING)
        return TrainingProgress(state=self.state, percent=40.0)

    def list_voices(self) -> Iterator[RemoteVoice]:
        for remote_id, reference in self.there.items():
            yield RemoteVoice(remote_id=remote_id, reference=reference)

    def delete(self, voice: ProviderVoice) -> None:
        super().delete(voice)
        if not self.keeps:
            self.there.pop(str(voice.remote_id), None)


@pytest.fixture
def trainer() -> Trainer:
    return Trainer()


@pytest.fixture
def queued(client: Http, make_consent: MakeConsent) -> Voice:
    """A voice that waits for a worker, as if it were at another provider."""
    return Voice.objects.get(id=ask(client, make_consent().id).json()["id"])


def train(voice: Voice, trainer: Trainer, *, at: Any = noon) -> bool:
    return background_cloning.run_training(voice.id, wall_clock=at, providers=only(trainer))


def delete(voice: Voice, trainer: Trainer, *, at: Any) -> bool:
    return voice_deletion.run_deletion(
        voice.id, actor="system:test", wall_clock=at, providers=only(trainer)
    )


def fail() -> Iterator[RemoteVoice]:
    raise ProviderUnavailable("It does not answer.")


def later(minutes: int) -> Any:
    return lambda: NOON + timedelta(minutes=minutes)


class TestATraining:
    def test_is_waited_for_without_a_permit_and_without_a_second_voice(
        self, queued: Voice, trainer: Trainer
    ) -> None:
        first = train(queued, trainer)
        too_soon = train(queued, trainer)
        again = train(queued, trainer, at=later(1))

        queued.refresh_from_db()
        assert (first, too_soon, again) == (False, False, False)
        assert (queued.state, len(trainer.there)) == (VoiceState.TRAINING, 1)
        assert queued.report["training_percent"] == 40.0
        assert not Reservation.objects.filter(state="held").exists()

    def test_ends_in_a_voice_with_the_providers_end(self, queued: Voice, trainer: Trainer) -> None:
        train(queued, trainer)
        trainer.state = TrainingState.READY

        assert train(queued, trainer, at=later(1))

        queued.refresh_from_db()
        assert (queued.state, len(trainer.there)) == (VoiceState.READY, 1)
        assert queued.provider_expires_at == NOON + timedelta(days=90)
        voice_expiry.expire_voices(at=NOON + timedelta(days=91))
        queued.refresh_from_db()
        assert (queued.state, queued.code) == (VoiceState.EXPIRED, "provider_expired")

    def test_that_outlasts_its_consent_is_deleted_there(
        self, queued: Voice, trainer: Trainer
    ) -> None:
        train(queued, trainer)
        trainer.state = TrainingState.READY
        revoke(queued.consent_id, queued.organisation_id)

        train(queued, trainer, at=later(1))
        reconcile.sweep_pending_work(at=NOON)
        delete(queued, trainer, at=later(9))

        queued.refresh_from_db()
        assert (queued.state, trainer.there) == (VoiceState.DELETED, {})

    @pytest.mark.parametrize("state", [TrainingState.FAILED, TrainingState.MISSING])
    def test_that_failed_there_leaves_nothing(
        self, queued: Voice, trainer: Trainer, state: TrainingState
    ) -> None:
        train(queued, trainer)
        trainer.state = state

        assert train(queued, trainer, at=later(1))

        queued.refresh_from_db()
        assert (queued.state, queued.code) == (VoiceState.FAILED, "training_failed")

    def test_is_given_up_after_two_days(self, queued: Voice, trainer: Trainer) -> None:
        train(queued, trainer)

        assert train(queued, trainer, at=later(60 * 49))

        queued.refresh_from_db()
        assert queued.state == VoiceState.FAILED


class TestADeletion:
    def test_is_not_believed_before_the_voice_is_gone_there(
        self, queued: Voice, trainer: Trainer
    ) -> None:
        train(queued, trainer)
        voice_deletion.begin_deletion(queued.id, code="requested")
        trainer.keeps = True

        with pytest.raises(ProviderUnavailable):
            delete(queued, trainer, at=later(2))
        queued.refresh_from_db()
        assert queued.state == VoiceState.REVOKING

        trainer.keeps = False
        assert delete(queued, trainer, at=later(9))
        queued.refresh_from_db()
        assert (queued.state, queued.sealed_handle) == (VoiceState.DELETED, None)


class TestACloneThatDied:
    @pytest.fixture
    def lost(self, make_consent: MakeConsent, trainer: Trainer) -> Voice:
        """A voice whose process died between the provider's answer and its writing down."""
        consent = make_consent(providers=["local", "inworld"])
        insert_account(principal_of(consent), "inworld")
        order = CloneRequest(
            consent_id=consent.id,
            name="Mara",
            language="en",
            use_case="entertainment.audiobook",
            provider="inworld",
            samples=(READING,),
        )
        trainer.dies = True
        with pytest.raises(KeyboardInterrupt):
            cloning.clone_voice(
                order, principal=principal_of(consent), now=noon, providers=only(trainer)
            )
        voice = Voice.objects.get()
        assert (voice.state, voice.sealed_handle) == (VoiceState.FAILED, None)
        assert len(trainer.there) == 1
        return voice

    def test_is_found_in_the_providers_list_and_deleted(
        self, lost: Voice, trainer: Trainer
    ) -> None:
        reconcile.sweep_pending_work(at=NOON)

        assert delete(lost, trainer, at=later(9))

        lost.refresh_from_db()
        assert (lost.state, trainer.there) == (VoiceState.DELETED, {})

    def test_is_found_also_when_its_consent_ends_first(self, lost: Voice, trainer: Trainer) -> None:
        revoke(lost.consent_id, lost.organisation_id)
        reconcile.sweep_pending_work(at=NOON)

        assert delete(lost, trainer, at=later(9))

        assert trainer.there == {}

    def test_is_searched_again_when_the_provider_was_away(
        self, lost: Voice, trainer: Trainer
    ) -> None:
        reconcile.sweep_pending_work(at=NOON)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trainer, "list_voices", fail)
            with pytest.raises(ProviderUnavailable):
                delete(lost, trainer, at=later(1))

        assert delete(lost, trainer, at=later(9))

        assert trainer.there == {}
