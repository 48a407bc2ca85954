"""What only a person can do at a provider is a task, and a deletion waits for it."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Organisation, Role
from tests.conftest import NOON
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import ClientOf, MakeKey, MakeMember
from tests.voices.conftest import Http, MakeVoice, Reader, only
from transparency_log import log_reader, sequencer
from voices import voice_deletion
from voices.models import DeletionProof, ProviderTask, Voice, VoiceState
from voices.providers.base import (
    Capabilities,
    CopyUnfindable,
    DeletionUnconfirmed,
    Listed,
    ProviderVoice,
    RemovalByHand,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

PATH = "/v1/provider_tasks"


class Silent(Reader):
    """A provider that shows no list. `by_hand` is one whose operator removes voices."""

    def __init__(self, *, by_hand: bool = False, lists: Listed = "nothing") -> None:
        super().__init__()
        self.by_hand = by_hand
        self.lists = lists

    def capabilities(self) -> Capabilities:
        return Capabilities(languages=None, lists=self.lists)

    def delete(self, voice: ProviderVoice) -> None:
        if self.by_hand:
            raise RemovalByHand("Its operator removes it.")
        super().delete(voice)


class Listing(Silent):
    """The same with a list, which still has the voice."""

    def list_voices(self) -> Any:
        return iter(())


@pytest.fixture
def voice(make_voice: MakeVoice) -> Voice:
    """A voice that was asked for, and whose id at the provider was lost."""
    made = make_voice()
    Voice.objects.filter(id=made.id).update(
        provider="openai", asked_at=NOON, profile_blob_id="", state=VoiceState.FAILED, code="lost"
    )
    voice_deletion.begin_deletion(made.id, code="requested")
    return made


def delete(voice: Voice, provider: Any) -> bool:
    Voice.objects.filter(id=voice.id).update(lease_until=None)
    return voice_deletion.run_deletion(
        voice.id, actor="system:test", wall_clock=lambda: NOON, providers=only(provider)
    )


def read_kinds(organisation: Organisation) -> list[str]:
    sequencer.place_waiting_events(organisation.id)
    events = log_reader.walk_events(organisation.id, kinds="provider_task.")
    return [event.kind for event in events]


class TestALostCopy:
    def test_at_a_provider_without_a_list_is_one_task(
        self, client: Http, voice: Voice, acme: Organisation
    ) -> None:
        for _ in range(2):
            with pytest.raises(CopyUnfindable):
                delete(voice, Silent())

        (task,) = client.get(PATH).json()["data"]
        assert (task["kind"], task["state"], task["voice"]) == ("find_orphan", "open", voice.id)
        assert "mark the task as done" in task["to_do"]
        assert read_kinds(acme) == ["provider_task.opened"]

    def test_is_gone_when_somebody_has_looked(
        self, client: Http, voice: Voice, acme: Organisation
    ) -> None:
        with pytest.raises(CopyUnfindable):
            delete(voice, Silent())
        task_id = ProviderTask.objects.get().id

        done = client.post(f"{PATH}/{task_id}/done").json()

        assert (done["state"], done["done_by"][:4]) == ("done", "key:")
        assert delete(voice, Silent())
        voice.refresh_from_db()
        assert (voice.state, voice.deletion_proof) == ("deleted", DeletionProof.SEEN_BY_PERSON)
        assert read_kinds(acme) == ["provider_task.opened", "provider_task.done"]

    def test_is_not_believed_before(self, voice: Voice) -> None:
        with pytest.raises(CopyUnfindable):
            delete(voice, Silent())
        voice.refresh_from_db()
        assert voice.state == VoiceState.REVOKING


class TestARemovalByHand:
    @pytest.fixture
    def voice(self, make_voice: MakeVoice) -> Voice:
        made = make_voice()
        Voice.objects.filter(id=made.id).update(provider="chatterbox_tts_server", asked_at=NOON)
        voice_deletion.begin_deletion(made.id, code="requested")
        return made

    def test_is_a_task_that_the_list_closes(self, voice: Voice, acme: Organisation) -> None:
        with pytest.raises(DeletionUnconfirmed):
            delete(voice, Listing(by_hand=True, lists="voices"))
        assert ProviderTask.objects.get().kind == "remove_voice"

        assert delete(voice, Listing(lists="voices"))

        assert ProviderTask.objects.get().state == "done"
        assert read_kinds(acme) == ["provider_task.opened", "provider_task.done"]

    def test_is_not_believed_against_the_list(self, client: Http, voice: Voice) -> None:
        engine = Listing(by_hand=True, lists="voices")
        with pytest.raises(RemovalByHand):
            delete(voice, engine)
        client.post(f"{PATH}/{ProviderTask.objects.get().id}/done")

        with pytest.raises(RemovalByHand):
            delete(voice, engine)

        task = ProviderTask.objects.get()
        assert (task.state, task.done_by) == ("open", "")

    def test_is_believed_where_nothing_is_listed(self, client: Http, voice: Voice) -> None:
        with pytest.raises(RemovalByHand):
            delete(voice, Silent(by_hand=True))
        client.post(f"{PATH}/{ProviderTask.objects.get().id}/done")

        assert delete(voice, Silent(by_hand=True))


class TestTheOfficersList:
    @pytest.mark.parametrize(
        ("role", "state"),
        [(Role.OFFICER, "done"), (Role.ENGINEER, "open"), (Role.AUDITOR, "open")],
    )
    def test_lets_officers_settle_a_task(
        self, role: Role, state: str, voice: Voice, acme: Organisation, make_member: MakeMember
    ) -> None:
        with pytest.raises(CopyUnfindable):
            delete(voice, Silent())
        task_id = ProviderTask.objects.get().id
        pages = logged_in(make_member(organisation=acme, role=role))
        listed = "/admin/voices/providertask/"
        assert task_id in pages.get(listed).content.decode()
        shown = pages.get(f"{listed}{task_id}/change/").content.decode()
        assert "Look at the provider for a voice" in shown

        pages.post(f"{listed}{task_id}/done/", {"reason": "It is not there."})

        assert ProviderTask.objects.get().state == state

    def test_shows_nothing_to_a_neighbour(
        self, voice: Voice, bolt: Organisation, make_member: MakeMember
    ) -> None:
        with pytest.raises(CopyUnfindable):
            delete(voice, Silent())
        task_id = ProviderTask.objects.get().id
        pages = logged_in(make_member(organisation=bolt, role=Role.OWNER))

        assert task_id not in pages.get("/admin/voices/providertask/").content.decode()
        pages.post(f"/admin/voices/providertask/{task_id}/done/", {"reason": "Not mine."})
        assert ProviderTask.objects.get().state == "open"


class TestATask:
    def test_is_unknown_to_a_neighbour(
        self,
        voice: Voice,
        make_key: MakeKey,
        client_of: ClientOf,
        bolt: Organisation,
    ) -> None:
        with pytest.raises(CopyUnfindable):
            delete(voice, Silent())
        path = f"{PATH}/{ProviderTask.objects.get().id}"
        stranger = client_of(make_key(organisation=bolt))

        codes = [stranger.get(path).status_code, stranger.post(f"{path}/done").status_code]
        assert (codes, stranger.get(PATH).json()["data"]) == ([404, 404], [])
        assert ProviderTask.objects.get().state == "open"

    def test_is_done_once(self, client: Http, voice: Voice, acme: Organisation) -> None:
        with pytest.raises(CopyUnfindable):
            delete(voice, Silent())
        path = f"{PATH}/{ProviderTask.objects.get().id}/done"

        first, again = client.post(path).json(), client.post(path).json()

        assert first == again
        assert read_kinds(acme).count("provider_task.done") == 1
