"""Emulators on the loopback, connected as accounts of Acme's test data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pytest_django import Settings

from tests.emulators import inworld
from tests.emulators.emulator import Emulator
from tests.emulators.inworld import InworldEmulator
from tests.fixtures.consents import MakeConsent
from tests.support.checked_accounts import check_account
from tests.voices.conftest import AUDIO, AUDIOBOOK, Http
from tests.voices.test_background_cloning import ask
from upstream.account_limits import ACCOUNT_LIMITS

Connect = Callable[[str, Emulator, str], None]
READING = (AUDIO / "librivox-austen-0870.wav").read_bytes()


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    """No account is left alone because of another test."""
    yield
    ACCOUNT_LIMITS.forget_all()


@pytest.fixture
def provider(client: Http, settings: Settings) -> Iterator[InworldEmulator]:
    """An emulated Inworld that Acme is connected to."""
    settings.SAYSO_DEVELOPMENT = True
    emulator = InworldEmulator()
    with emulator.running():
        body = {
            "provider": "inworld",
            "base_url": emulator.base_url,
            "credentials": {"api_key": inworld.KEY},
        }
        made = client.post("/v1/provider_accounts", body, format="json")
        assert made.status_code == 201, made.json()
        check_account(made.json()["id"], emulator)
        yield emulator


@pytest.fixture
def remote_voice(client: Http, provider: InworldEmulator, make_consent: MakeConsent) -> str:
    """The id of a voice that Inworld has made."""
    consent = make_consent(providers=["inworld", "local"])
    answer = ask(client, consent.id, provider="inworld", delivery={"mode": "sync"})
    assert answer.status_code == 201, answer.json()
    made: dict[str, Any] = answer.json()
    assert (made["provider"], len(provider.voices)) == ("inworld", 1)
    return str(made["id"])


@pytest.fixture
def connect(client: Http, settings: Settings) -> Iterator[Connect]:
    """Starts an emulator and connects Acme to it."""
    settings.SAYSO_DEVELOPMENT = True
    with ExitStack() as running:

        def connect_account(name: str, emulator: Emulator, key: str) -> None:
            running.enter_context(emulator.running())
            body = {
                "provider": name,
                "base_url": emulator.base_url,
                "credentials": {"api_key": key},
            }
            made = client.post("/v1/provider_accounts", body, format="json")
            assert made.status_code == 201, made.json()
            check_account(made.json()["id"], emulator)

        yield connect_account


def speak(client: Http, voice_id: str, **changes: Any) -> Any:
    """Ask for a sentence of the voice."""
    body = {
        "voice": voice_id,
        "text": "The lamps along the harbour were lit one after another.",
        "language": "en",
        "use_case": AUDIOBOOK,
    }
    return client.post("/v1/speech", body | changes, format="json")
