"""What follows from a canary: an account is opened, closed, asked daily, and its voices missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Organisation, Role
from tests.conftest import NOON
from tests.emulators import inworld
from tests.emulators.inworld import InworldEmulator
from tests.fixtures.consents import MakeConsent
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.support.checked_accounts import check_account, run_canary_of
from tests.voices.conftest import Http, MakeVoice
from tests.voices.providers.conftest import speak
from tests.voices.test_background_cloning import ask
from transparency_log import log_reader, sequencer
from upstream.account_limits import ACCOUNT_LIMITS
from voices import voice_deletion
from voices.canary import account_canary, canary_requests
from voices.canary_results import get_speaker_threshold
from voices.models import ProviderAccount, ProviderCanary, ProviderTask, Voice

pytestmark = [pytest.mark.once, pytest.mark.django_db]

PATH = "/v1/provider_accounts"


@pytest.fixture(autouse=True)
def provider(settings: Settings) -> Iterator[InworldEmulator]:
    settings.SAYSO_DEVELOPMENT = True
    emulator = InworldEmulator()
    with emulator.running():
        yield emulator
    ACCOUNT_LIMITS.forget_all()


@pytest.fixture
def account_id(client: Http, provider: InworldEmulator) -> str:
    """An account that has not been checked."""
    body = {
        "provider": "inworld",
        "base_url": provider.base_url,
        "credentials": {"api_key": inworld.KEY},
    }
    return str(client.post(PATH, body, format="json").json()["id"])


def make_voice(client: Http, make_consent: MakeConsent) -> Any:
    consent = make_consent(providers=["inworld", "local"])
    return ask(client, consent.id, provider="inworld", delivery={"mode": "sync"})


def read_canaries(organisation: Organisation) -> list[tuple[str, Any]]:
    sequencer.place_waiting_events(organisation.id)
    events = log_reader.walk_events(organisation.id, kinds="canary.")
    return [(event.kind, event.body) for event in events]


def due(*, days: float = 0) -> tuple[str, ...]:
    return canary_requests.list_due_accounts(at=NOON + timedelta(days=days))


class TestBeforeFirstUse:
    def test_an_account_makes_nothing_and_says_what_to_do(
        self,
        client: Http,
        account_id: str,
        provider: InworldEmulator,
        make_consent: MakeConsent,
    ) -> None:
        answer = make_voice(client, make_consent)

        assert (answer.status_code, answer.json()["code"]) == (503, "provider_account_unchecked")
        assert provider.asked == []
        assert due() == (account_id,)

    def test_a_canary_that_passes_opens_it_and_shows_its_cost(
        self, client: Http, account_id: str, make_consent: MakeConsent
    ) -> None:
        check_account(account_id)

        shown = client.get(f"{PATH}/{account_id}").json()
        assert (shown["state"], shown["code"]) == ("active", None)
        canary = shown["canary"]
        assert (canary["state"], canary["cause"], canary["full"]) == ("passed", "connected", True)
        assert canary["characters"] > 300
        assert {one["result"] for one in canary["findings"]} == {"passed"}
        assert make_voice(client, make_consent).status_code == 201
        assert get_speaker_threshold(account_id, "de") == 0.7
        assert (due(days=0.9), due(days=1)) == ((), (account_id,))

    def test_its_evidence_is_in_the_log_and_names_no_person(
        self, account_id: str, acme: Organisation
    ) -> None:
        check_account(account_id)

        (_, begun), (kind, found) = read_canaries(acme)
        assert (begun["voice_of"], kind) == ("service", "canary.passed")
        assert found["thresholds_milli"]["en"] == 700
        assert {"check": "unknown_voice", "result": "passed"} in found["findings"]
        assert "speaker" not in found and not Voice.objects.exists()


class TestAFailedCanary:
    def test_closes_the_account_with_its_reason(
        self,
        client: Http,
        account_id: str,
        provider: InworldEmulator,
        make_consent: MakeConsent,
        acme: Organisation,
    ) -> None:
        provider.one_voice = "first"
        assert run_canary_of(account_id).code == "canary_voices_alike"
        asked = len(provider.asked)

        answer = make_voice(client, make_consent)

        assert (answer.status_code, answer.json()["code"]) == (503, "provider_account_closed")
        assert len(provider.asked) == asked
        shown = client.get(f"{PATH}/{account_id}").json()
        assert (shown["state"], shown["code"]) == ("closed", "canary_voices_alike")
        assert "one voice where two" in shown["canary"]["detail"]
        assert read_canaries(acme)[-1][0] == "canary.failed"

    def test_is_made_good_by_one_that_passes(
        self, client: Http, account_id: str, provider: InworldEmulator
    ) -> None:
        provider.one_voice = "first"
        run_canary_of(account_id)
        provider.one_voice = None

        answer = client.post(f"{PATH}/{account_id}/canary")

        assert (answer.status_code, answer.json()["state"]) == (202, "closed")
        assert due() == (account_id,)
        assert check_account(account_id).cause == "asked"
        assert ProviderAccount.objects.get().state == "active"

    def test_does_not_hinder_a_deletion(
        self,
        client: Http,
        account_id: str,
        provider: InworldEmulator,
        make_consent: MakeConsent,
    ) -> None:
        check_account(account_id, provider)
        voice_id = make_voice(client, make_consent).json()["id"]
        ProviderAccount.objects.update(state="closed", code="canary_refused")
        assert speak(client, voice_id).status_code == 503

        voice_deletion.begin_deletion(voice_id, code="requested")
        assert voice_deletion.run_deletion(voice_id, actor="system:test", wall_clock=lambda: NOON)
        assert voice_id not in str(provider.voices)

    def test_of_a_provider_that_is_away_changes_nothing(
        self, account_id: str, provider: InworldEmulator
    ) -> None:
        check_account(account_id)
        provider.faults.clear()
        ProviderAccount.objects.update(base_url="http://127.0.0.1:9")
        run = run_canary_of(account_id)

        assert (run.state, run.code) == ("unfinished", "provider_unavailable")
        assert ProviderAccount.objects.get().state == "active"
        assert due(days=0.1) == (account_id,)


class TestTheAccountsPage:
    @pytest.mark.parametrize(("role", "cause"), [(Role.ENGINEER, "asked"), (Role.OFFICER, "")])
    def test_shows_the_check_and_lets_engineers_repeat_it(
        self,
        role: Role,
        cause: str,
        account_id: str,
        provider: InworldEmulator,
        acme: Organisation,
        make_member: MakeMember,
    ) -> None:
        provider.one_voice = "first"
        run_canary_of(account_id)
        pages = logged_in(make_member(organisation=acme, role=role))
        path = f"/admin/voices/provideraccount/{account_id}/"
        shown = pages.get(f"{path}change/").content.decode()
        assert "failed (" in shown and "one voice where two" in shown

        pages.post(f"{path}check/", {"reason": "The engine was mended."})

        assert ProviderAccount.objects.get().canary_cause == cause


class TestAChange:
    @pytest.mark.parametrize("change", ["credentials", "base_url"])
    def test_of_key_or_address_is_checked_before_the_next_use(
        self,
        client: Http,
        account_id: str,
        provider: InworldEmulator,
        make_consent: MakeConsent,
        change: str,
    ) -> None:
        check_account(account_id, provider)
        body: dict[str, Any] = {"credentials": {"api_key": inworld.KEY}}
        if change == "base_url":
            body["base_url"] = provider.base_url
        client.patch(f"{PATH}/{account_id}", body, format="json")

        assert make_voice(client, make_consent).json()["code"] == "provider_account_unchecked"
        assert due() == (account_id,)
        assert run_canary_of(account_id).cause == "changed"

    def test_while_a_canary_runs_is_not_opened_by_it(
        self, client: Http, account_id: str, provider: InworldEmulator
    ) -> None:
        run_while_changed(client, account_id, {"credentials": {"api_key": inworld.KEY}})
        assert ProviderAccount.objects.get().state == "checking"

    def test_of_notes_meanwhile_keeps_no_failing_account_open(
        self, client: Http, account_id: str, provider: InworldEmulator
    ) -> None:
        """Notes can be written as often as one likes, and no canary would ever close it."""
        check_account(account_id)
        provider.one_voice = "first"
        client.post(f"{PATH}/{account_id}/canary")

        run_while_changed(client, account_id, {"metadata": {"note": "again"}})

        row = ProviderAccount.objects.get()
        assert (row.state, row.code) == ("closed", "canary_voices_alike")


def run_while_changed(client: Http, account_id: str, change: dict[str, Any]) -> None:
    """Run the canary of an account that is changed after the run began."""

    def change_meanwhile(row: ProviderAccount) -> Any:
        ProviderAccount.objects.update(changed_at=NOON - timedelta(hours=1))
        assert client.patch(f"{PATH}/{account_id}", change, format="json").status_code == 200
        return account_canary.connect_unchecked(row)

    account_canary.run_account_canary(
        account_id,
        actor="system:test",
        wall_clock=lambda: NOON,
        pause=lambda _seconds: None,
        connect=change_meanwhile,
    )


class TestTheDailyRun:
    def test_of_a_paid_account_costs_one_sentence(
        self, account_id: str, provider: InworldEmulator
    ) -> None:
        check_account(account_id)
        provider.asked.clear()
        run = run_canary_of(account_id)

        assert (run.state, run.cause, run.is_full) == ("passed", "daily", False)
        assert run.characters < 100
        assert provider.count("POST", "/voices/v1/voices:clone") == 0

    def test_misses_a_voice_that_vanished_and_tells_an_officer(
        self,
        client: Http,
        account_id: str,
        provider: InworldEmulator,
        make_consent: MakeConsent,
    ) -> None:
        check_account(account_id)
        voices = [make_voice(client, make_consent).json()["id"] for _ in range(2)]
        gone = next(name for name in provider.voices if voices[0] in name)
        del provider.voices[gone]
        Voice.objects.update(asked_at=NOON - timedelta(hours=1))
        run_canary_of(account_id)

        shown = client.get(f"/v1/voices/{voices[0]}").json()
        assert shown["state"] == "expired"
        assert Voice.objects.get(id=voices[1]).state == "ready"
        task = ProviderTask.objects.get()
        assert (task.kind, task.voice_id) == ("voice_vanished", voices[0])
        (listed,) = client.get("/v1/provider_tasks").json()["data"]
        assert (listed["voice"], listed["state"]) == (voices[0], "open")
        assert speak(client, voices[0]).status_code in {403, 409}


class TestARun:
    def test_is_not_made_twice_at_once(self, account_id: str) -> None:
        ProviderCanary.objects.create(
            id="cny_" + "a" * 26,
            account_id=account_id,
            cause="asked",
            is_full=True,
            lease_until=NOON + timedelta(minutes=1),
            started_at=NOON,
        )
        assert due() == ()
        with pytest.raises(account_canary.CanaryRunning):
            run_canary_of(account_id)

    def test_that_died_is_ended_by_the_next(self, account_id: str) -> None:
        ProviderCanary.objects.create(
            id="cny_" + "a" * 26,
            account_id=account_id,
            cause="asked",
            is_full=True,
            lease_until=NOON - timedelta(minutes=1),
            started_at=NOON - timedelta(minutes=5),
        )
        check_account(account_id)
        died = ProviderCanary.objects.get(id="cny_" + "a" * 26)
        assert (died.state, died.code) == ("unfinished", "interrupted")

    def test_leaves_nothing_when_the_account_is_removed(
        self, client: Http, account_id: str, provider: InworldEmulator
    ) -> None:
        check_account(account_id)
        assert len(provider.voices) == 1
        assert client.delete(f"{PATH}/{account_id}").status_code == 200
        assert provider.voices == {}


def test_the_canary_sends_nobodys_voice(make_voice: MakeVoice, account_id: str) -> None:
    """A voice of a person is there, and no byte of it leaves."""
    voice = make_voice()
    run = check_account(account_id)
    assert voice.id not in str(run.voices)
