"""What providers hold of a person: asked for, taken, seen to be gone, and named one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from core import canonical_json
from core.clock import to_rfc3339
from core.errors import Unavailable
from erasure import execution, targets
from erasure.models import Erasure, ErasureState, ErasureTarget
from tests.conftest import NOON
from tests.erasure.test_execution import ask_for
from tests.voices.conftest import MakeVoice, Reader
from tests.voices.test_lost_copies import Killed, die
from transparency_log import proofs
from upstream.upstream_errors import ProviderRefused, ProviderUnavailable
from voices import reconcile, remote_voices, voice_deletion
from voices.models import Voice, VoiceState
from voices.providers import voice_handles
from voices.providers.base import (
    Capabilities,
    Provider,
    ProviderVoice,
    TrainingProgress,
    TrainingState,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


class Keeper(Reader):
    """A provider that has voices by their ids, and does what it is told to do with a deletion."""

    def __init__(self, *voices: str) -> None:
        super().__init__()
        self.there = set(voices)
        self.asked = 0
        self.is_away = False
        self.keeps = False

    def capabilities(self) -> Capabilities:
        return Capabilities(languages=None, lists="nothing")

    def delete(self, voice: ProviderVoice) -> None:
        self.asked += 1
        if self.is_away:
            raise ProviderUnavailable("It does not answer.")
        if not self.keeps:
            self.there.discard(str(voice.remote_id))

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        is_there = voice.remote_id in self.there
        return TrainingProgress(state=TrainingState.READY if is_there else TrainingState.MISSING)


Keep = Callable[..., Voice]


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Keeper:
    """The provider of every deletion."""
    keeper = Keeper()
    be_provider_of_all(monkeypatch, lambda _: keeper)
    return keeper


def be_provider_of_all(monkeypatch: pytest.MonkeyPatch, choose: Callable[[str], Provider]) -> None:
    by_name = {"providers": lambda name, _owner: choose(name)}
    monkeypatch.setattr(voice_deletion.run_deletion, "__kwdefaults__", by_name)


@pytest.fixture
def keep(make_voice: MakeVoice) -> Keep:
    """Gives a voice that a provider has."""

    def make(keeper: Keeper, *, provider: str = "inworld", of: Voice | None = None) -> Voice:
        voice = make_voice()
        whose = {} if of is None else {"subject": of.subject, "speaker_id": of.speaker_id}
        for name, value in whose.items():
            setattr(voice, name, value)
        handle = ProviderVoice(remote_id=f"remote {voice.id}")
        keeper.there.add(f"remote {voice.id}")
        Voice.objects.filter(id=voice.id).update(
            provider=provider,
            asked_at=NOON,
            sealed_handle=voice_handles.seal_remote_id(voice, handle),
            **whose,
        )
        voice.refresh_from_db()
        return voice

    return make


def carry_on(erasure: Erasure, *, at: datetime) -> Erasure:
    return execution.continue_erasure(erasure.id, now=lambda: at)


def states(erasure: Erasure, system: str = "inworld") -> dict[str, str]:
    """What became of the copies at a provider."""
    rows = ErasureTarget.objects.filter(erasure=erasure, system=system)
    return dict(rows.values_list("asset", "state"))


def certified(erasure: Erasure, system: str) -> list[Mapping[str, Any]]:
    """What the certificate says of the copies at a provider."""
    erasure.refresh_from_db()
    read: Any = canonical_json.load(bytes(erasure.certificate or b""))
    return [target for target in read["targets"] if target["system"] == system]


class TestACopy:
    def test_is_asked_for_then_taken_then_confirmed(self, keeper: Keeper, keep: Keep) -> None:
        voice = keep(keeper)
        erasure = ask_for(voice)
        assert states(erasure) == {voice.id: "planned"}

        keeper.is_away = True
        with pytest.raises(Unavailable):
            carry_on(erasure, at=NOON)
        assert states(erasure) == {voice.id: "requested"}

        keeper.is_away, keeper.keeps = False, True
        with pytest.raises(Unavailable):
            carry_on(erasure, at=NOON + HOUR)
        assert states(erasure) == {voice.id: "accepted"}

        keeper.keeps = False
        carry_on(erasure, at=NOON + 3 * HOUR)

        (copy,) = certified(erasure, "inworld")
        assert (copy["asset"], copy["state"], copy["proof"]["seen"]) == (
            voice.id,
            "confirmed",
            "shown_missing",
        )
        how = "deleted there: asked for it, the provider shows it no more"
        assert copy["in_words"]["how"] == how
        erasure.refresh_from_db()
        assert erasure.completed_at is not None
        asked, taken = copy["proof"]["requested_at"], copy["proof"]["accepted_at"]
        assert asked < taken < to_rfc3339(erasure.completed_at)

    def test_is_not_taken_by_an_attempt_that_never_was(self, keeper: Keeper, keep: Keep) -> None:
        voice = keep(keeper)
        erasure = ask_for(voice)
        keeper.is_away = True
        for minutes in (0, 1):
            with pytest.raises(Unavailable):
                carry_on(erasure, at=NOON + timedelta(minutes=minutes))

        # The second time the row was still held by the wait after the first.
        assert (keeper.asked, states(erasure)) == (1, {voice.id: "requested"})

    def test_that_was_gone_before_counts_as_gone(self, keeper: Keeper, keep: Keep) -> None:
        voice = keep(keeper)
        keeper.there.clear()

        assert carry_on(ask_for(voice), at=NOON).state == ErasureState.COMPLETED

    @pytest.mark.parametrize(
        ("provider", "beside"),
        [
            ("openai", ["spoken consent"]),
            ("resemble", ["recordings", "spoken consent"]),
            ("elevenlabs", ["recordings"]),
        ],
    )
    def test_goes_with_what_the_provider_keeps_beside_it(
        self, keeper: Keeper, keep: Keep, provider: str, beside: list[str]
    ) -> None:
        voice = keep(keeper, provider=provider)
        erasure = ask_for(voice)
        assert sorted(states(erasure, provider)) == [
            voice.id,
            *(f"{voice.id} {name}" for name in beside),
        ]

        carry_on(erasure, at=NOON)

        named = certified(erasure, provider)
        assert {copy["state"] for copy in named} == {"confirmed"}
        assert len({copy["in_words"]["what"] for copy in named}) == 1 + len(beside)

    def test_at_a_broken_account_keeps_no_other_one_waiting(
        self, keeper: Keeper, keep: Keep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def choose(name: str) -> Provider:
            if name == "inworld":
                raise ProviderRefused("There is no such account any more.")
            return keeper

        be_provider_of_all(monkeypatch, choose)
        broken = keep(keeper)
        other = keep(keeper, provider="cartesia", of=broken)
        erasure = ask_for(broken)

        with pytest.raises(Unavailable):
            carry_on(erasure, at=NOON)

        assert states(erasure) == {broken.id: "requested"}
        assert states(erasure, "cartesia") == {other.id: "confirmed"}


def fall_before(name: str, holder: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Die in the place of a step."""
    return lambda patch: patch.setattr(holder, name, lambda *_, **__: die())


def fall_behind(name: str, holder: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Die right after a step."""
    step = getattr(holder, name)

    def do_and_die(*args: Any, **named: Any) -> None:
        step(*args, **named)
        die()

    return lambda patch: patch.setattr(holder, name, do_and_die)


class TestAProcessThatDies:
    @pytest.mark.parametrize(
        "fall",
        [
            fall_before("note_deletion_request", remote_voices),
            fall_behind("note_deletion_request", remote_voices),
            fall_behind("delete", Keeper),
            fall_behind("_note_acceptance", remote_voices),
            fall_behind("_check_gone", remote_voices),
            fall_before("_finish_deletion", voice_deletion),
            fall_behind("_finish_deletion", voice_deletion),
            fall_before("follow_deletion", targets),
            fall_behind("follow_deletion", targets),
        ],
        ids=[
            "before the request is noted",
            "before the provider is asked",
            "before its answer is noted",
            "before it is asked whether it is gone",
            "before that is noted",
            "before the row is ended",
            "behind the row's end",
            "before the target follows",
            "behind the target",
        ],
    )
    def test_between_two_steps_loses_none(
        self,
        keeper: Keeper,
        keep: Keep,
        fall: Callable[[pytest.MonkeyPatch], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        voice = keep(keeper)
        erasure = ask_for(voice)
        with monkeypatch.context() as patch:
            fall(patch)
            with pytest.raises(Killed):
                carry_on(erasure, at=NOON)

        carry_on(erasure, at=NOON + HOUR)

        (copy,) = certified(erasure, "inworld")
        assert (copy["state"], copy["proof"]["seen"]) == ("confirmed", "shown_missing")
        assert (keeper.there, Voice.objects.get(id=voice.id).state) == (set(), VoiceState.DELETED)
        ends = [event.kind for event in proofs.list_history(voice.organisation_id, voice.id)]
        assert ends.count("voice.deleted") == 1


class TestAProviderThatDeletesNothing:
    def test_is_asked_for_thirty_days_ever_more_rarely_and_then_told_of(
        self, keeper: Keeper, keep: Keep
    ) -> None:
        voice, at = keep(keeper), NOON
        keeper.is_away = True
        voice_deletion.begin_deletion(voice.id, code="requested")

        while at < NOON + 30 * DAY:
            assert voice_deletion.tell_overdue_deletions(at=at) == 0
            if run_deletion_fails(voice, at=at):
                voice.refresh_from_db()
            assert voice.lease_until is not None
            at = voice.lease_until

        # Doubling from two minutes to six hours, and then four times a day.
        assert 100 < keeper.asked < 140
        for days in (30, 31):
            reconcile.sweep_pending_work(at=NOON + days * DAY)
        assert kinds(voice).count("voice.deletion_overdue") == 1

        keeper.is_away = False
        assert not run_deletion_fails(voice, at=NOON + 32 * DAY)
        assert Voice.objects.get(id=voice.id).state == VoiceState.DELETED


def run_deletion_fails(voice: Voice, *, at: datetime) -> bool:
    """Try the deletion once, and return whether the provider was away."""
    try:
        voice_deletion.run_deletion(voice.id, actor="system:test", wall_clock=lambda: at)
    except ProviderUnavailable:
        return True
    return False


def kinds(voice: Voice) -> list[str]:
    """The kinds of the events of a voice."""
    return [event.kind for event in proofs.list_history(voice.organisation_id, voice.id)]
