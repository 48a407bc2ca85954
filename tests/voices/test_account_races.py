"""An account that ends while the recordings of a clone are examined: nothing goes to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from core.errors import SaysoError
from tests.emulators import inworld
from tests.emulators.inworld import InworldEmulator
from tests.fixtures.consents import MakeConsent
from tests.support.checked_accounts import check_account
from tests.voices.conftest import AUDIOBOOK, Http, noon, principal_of
from tests.voices.test_background_cloning import READING, ask
from upstream.account_limits import ACCOUNT_LIMITS
from voices import background_cloning, cloning
from voices.models import ProviderAccount, Voice
from voices.providers import registry
from voices.providers.base import Owned, Provider
from voices.synthesis_requests import CloneRequest, Providers

pytestmark = [pytest.mark.once, pytest.mark.django_db]

PATH = "/v1/provider_accounts"
CLONE = ("POST", "/voices/v1/voices:clone")


@pytest.fixture(autouse=True)
def provider(settings: Settings) -> Iterator[InworldEmulator]:
    settings.SAYSO_DEVELOPMENT = True
    emulator = InworldEmulator()
    with emulator.running():
        yield emulator
    ACCOUNT_LIMITS.forget_all()


@pytest.fixture
def account(client: Http, provider: InworldEmulator) -> str:
    """The path of an account that is used."""
    body = {
        "provider": "inworld",
        "base_url": provider.base_url,
        "credentials": {"api_key": inworld.KEY},
    }
    made = client.post(PATH, body, format="json").json()["id"]
    check_account(made, provider)
    provider.asked.clear()
    return f"{PATH}/{made}"


def providers_and_then(end: Callable[[], object]) -> Providers:
    """The real register. The account is opened once, and then it ends."""
    ends = [end]

    def open_provider(name: str, owner: Owned) -> Provider:
        opened = registry.get_provider(name, owner)
        if ends:
            ends.pop()()
        return opened

    return open_provider


def close() -> None:
    ProviderAccount.objects.update(state="closed", code="canary_wrong_voice")


def change_key(client: Http, account: str) -> None:
    body = {"credentials": {"api_key": inworld.KEY}}
    assert client.patch(account, body, format="json").status_code == 200


class TestAnAccountThatEnds:
    @pytest.mark.parametrize("act", ["removed", "closed", "changed"])
    def test_while_a_clone_is_examined_gets_no_recording(
        self,
        client: Http,
        account: str,
        provider: InworldEmulator,
        make_consent: MakeConsent,
        act: str,
    ) -> None:
        ends: dict[str, Callable[[], Any]] = {
            "removed": lambda: client.delete(account),
            "closed": close,
            "changed": lambda: change_key(client, account),
        }
        consent = make_consent(providers=["inworld", "local"])
        order = CloneRequest(
            consent_id=consent.id,
            name="Mara",
            language="en",
            use_case=AUDIOBOOK,
            provider="inworld",
            samples=(READING,),
        )

        with pytest.raises(SaysoError) as refused:
            cloning.clone_voice(
                order,
                principal=principal_of(consent),
                now=noon,
                providers=providers_and_then(ends[act]),
            )

        assert refused.value.stable_code in {
            "provider_not_connected",
            "provider_account_closed",
            "provider_account_unchecked",
        }
        assert provider.count(*CLONE) == 0
        assert not Voice.objects.exclude(state="failed").exists()

    def test_while_a_worker_examines_it_gets_none_either(
        self, client: Http, account: str, provider: InworldEmulator, make_consent: MakeConsent
    ) -> None:
        consent = make_consent(providers=["inworld", "local"])
        voice = ask(client, consent.id, provider="inworld").json()
        provider.asked.clear()

        with pytest.raises(SaysoError):
            background_cloning.run_training(
                voice["id"], wall_clock=noon, providers=providers_and_then(close)
            )

        assert provider.count(*CLONE) == 0
