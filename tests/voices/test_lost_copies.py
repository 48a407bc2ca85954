"""A process that dies between a provider and our row leaves no second copy of a voice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import pytest

from core import leases
from tests.conftest import NOON
from tests.support.checked_accounts import insert_account
from tests.voices.conftest import AUDIO, AUDIOBOOK, MakeConsent, Reader, noon, only, principal_of
from upstream.upstream_errors import ProviderUnavailable
from voices import background_cloning, provider_tasks, remote_voices, voice_deletion, voice_rows
from voices.models import DeletionProof, ProviderTask, Voice, VoiceState
from voices.providers import voice_handles
from voices.providers.base import (
    Capabilities,
    Clone,
    CopyUnfindable,
    Listed,
    ProviderVoice,
    RemoteVoice,
)
from voices.synthesis_requests import CloneRequest

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

READING: Final = (AUDIO / "librivox-austen-0870.wav").read_bytes()


class Killed(BaseException):
    """What ends a process does not pass through its own handlers. This is as near as it gets."""


@dataclass
class Maker(Reader):
    """A provider that makes voices at once: what it has, by its own id. `then` comes behind."""

    lists: Listed = "voices"
    there: dict[str, str] = field(default_factory=dict)
    then: Callable[[], None] = lambda: None
    made: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def capabilities(self) -> Capabilities:
        return Capabilities(languages=None, lists=self.lists)

    def clone(self, order: Clone) -> ProviderVoice:
        self.made += 1
        remote_id = f"r{self.made}"
        self.there[remote_id] = order.reference
        self.then()
        return ProviderVoice(remote_id=remote_id)

    def list_voices(self) -> Iterator[RemoteVoice]:
        for remote_id, reference in self.there.items():
            yield RemoteVoice(remote_id=remote_id, reference=reference)

    def delete(self, voice: ProviderVoice) -> None:
        super().delete(voice)
        self.there.pop(str(voice.remote_id), None)


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def queued(make_consent: MakeConsent, maker: Maker) -> Voice:
    """A voice that waits for a worker who has it made at Inworld."""
    consent = make_consent(providers=["local", "inworld"])
    insert_account(principal_of(consent), "inworld")
    order = CloneRequest(
        consent_id=consent.id,
        name="Mara",
        language="en",
        use_case=AUDIOBOOK,
        provider="inworld",
        samples=(READING,),
    )
    return background_cloning.queue_clone(
        order, principal=principal_of(consent), now=noon, providers=only(maker)
    )


def later(tries: int) -> datetime:
    """When the leases of so many dead workers are over."""
    return NOON + tries * (leases.LEASE + timedelta(seconds=1))


def train(voice: Voice, maker: Maker, *, tries: int = 0) -> bool:
    return background_cloning.run_training(
        voice.id, wall_clock=lambda: later(tries), providers=only(maker)
    )


def die() -> None:
    raise Killed


def be_lost() -> None:
    raise ProviderUnavailable("The answer was lost on the way.")


def has_one_voice_that_we_know(queued: Voice, maker: Maker) -> None:
    """The voice is ready by the very copy that the provider has."""
    queued.refresh_from_db()
    assert queued.state == VoiceState.READY
    remote_id = voice_handles.open_remote_handle(queued).remote_id
    assert maker.there == {remote_id: queued.id}


class TestAWorkerThatDies:
    @pytest.mark.parametrize("moment", ["note_request", "keep_handle"])
    def test_beside_the_provider_leaves_one_copy(
        self, queued: Voice, maker: Maker, moment: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It dies as soon as the row says that the provider is asked, or before it says the id."""
        note = remote_voices.note_request

        def note_and_die(voice: Voice, *, at: datetime) -> None:
            note(voice, at=at)
            die()

        with monkeypatch.context() as patch:
            dies = note_and_die if moment == "note_request" else lambda *_: die()
            patch.setattr(remote_voices, moment, dies)
            with pytest.raises(Killed):
                train(queued, maker)

        assert train(queued, maker, tries=1)

        has_one_voice_that_we_know(queued, maker)

    def test_behind_the_row_of_the_id_has_the_voice_made_once(
        self, queued: Voice, maker: Maker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(voice_rows, "store_sample", die)
            patch.setattr("voices.cloning._set_ready", lambda *_, **__: die())
            with pytest.raises(Killed):
                train(queued, maker)

        assert train(queued, maker, tries=1)

        assert maker.made == 1
        has_one_voice_that_we_know(queued, maker)

    def test_several_times_leaves_one_copy(self, queued: Voice, maker: Maker) -> None:
        maker.then = die
        for tries in range(3):
            with pytest.raises(Killed):
                train(queued, maker, tries=tries)
        maker.then = lambda: None

        assert train(queued, maker, tries=3)

        assert maker.made == 4
        has_one_voice_that_we_know(queued, maker)


class TestALostAnswer:
    def test_leaves_one_copy(self, queued: Voice, maker: Maker) -> None:
        maker.then = be_lost
        with pytest.raises(ProviderUnavailable):
            train(queued, maker)
        maker.then = lambda: None

        assert train(queued, maker)

        has_one_voice_that_we_know(queued, maker)

    def test_of_a_provider_without_a_list_is_not_asked_for_again(
        self, queued: Voice, maker: Maker
    ) -> None:
        maker.lists, maker.then = "nothing", be_lost
        with pytest.raises(ProviderUnavailable):
            train(queued, maker)
        maker.then = lambda: None

        assert train(queued, maker)

        queued.refresh_from_db()
        assert (queued.state, queued.code) == (VoiceState.FAILED, "earlier_copy_uncertain")
        assert maker.made == 1

    def test_is_no_deletion_where_nothing_can_be_listed(self, queued: Voice, maker: Maker) -> None:
        maker.lists, maker.then = "nothing", be_lost
        with pytest.raises(ProviderUnavailable):
            train(queued, maker)
        voice_deletion.begin_deletion(queued.id, code="requested")

        with pytest.raises(CopyUnfindable):
            delete(queued, maker)

        queued.refresh_from_db()
        assert queued.state == VoiceState.REVOKING

    def test_is_over_as_soon_as_a_person_has_looked(self, queued: Voice, maker: Maker) -> None:
        maker.lists, maker.then = "nothing", be_lost
        with pytest.raises(ProviderUnavailable):
            train(queued, maker)
        voice_deletion.begin_deletion(queued.id, code="requested")
        with pytest.raises(CopyUnfindable):
            delete(queued, maker)
        assert not delete(queued, maker), "the wait after the last try"

        provider_tasks.complete_task(
            ProviderTask.objects.get().id,
            organisation_id=queued.organisation_id,
            actor="member:test",
            at=NOON,
        )

        assert delete(queued, maker)
        queued.refresh_from_db()
        assert queued.deletion_proof == DeletionProof.SEEN_BY_PERSON


class TestAWorkerThatStoodStill:
    def test_deletes_the_copy_that_another_has_replaced(self, queued: Voice, maker: Maker) -> None:
        def be_overtaken() -> None:
            maker.then = lambda: None
            # The provider lists the first copy only later.
            first = maker.there.popitem()
            assert train(queued, maker, tries=1)
            maker.there |= dict([first])

        maker.then = be_overtaken
        train(queued, maker)

        assert maker.made == 2
        has_one_voice_that_we_know(queued, maker)


class TestADeletion:
    def test_takes_every_copy_with_our_id(self, queued: Voice, maker: Maker) -> None:
        train(queued, maker)
        maker.there |= {"stray": queued.id, "other": "vox_of_somebody_else"}
        voice_deletion.begin_deletion(queued.id, code="requested")

        assert delete(queued, maker)

        queued.refresh_from_db()
        assert maker.there == {"other": "vox_of_somebody_else"}
        assert queued.deletion_proof == DeletionProof.NOT_LISTED


def delete(voice: Voice, maker: Maker) -> bool:
    return voice_deletion.run_deletion(
        voice.id, actor="system:test", wall_clock=lambda: later(9), providers=only(maker)
    )
