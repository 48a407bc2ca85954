"""Canaries, tasks and vanished voices in a bundle: it verifies offline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Organisation
from tests.conftest import NOON
from tests.emulators import inworld
from tests.emulators.inworld import InworldEmulator
from tests.fixtures.consents import MakeConsent
from tests.support import export_scenario
from tests.support.checked_accounts import check_account, run_canary_of
from tests.support.logged_voices import bundle
from tests.voices.conftest import Http
from tests.voices.test_background_cloning import ask
from upstream.account_limits import ACCOUNT_LIMITS
from voices.models import Voice

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def provider(settings: Settings) -> Iterator[InworldEmulator]:
    settings.SAYSO_DEVELOPMENT = True
    emulator = InworldEmulator()
    with emulator.running():
        yield emulator
    ACCOUNT_LIMITS.forget_all()


def test_the_evidence_verifies_offline(
    client: Http,
    provider: InworldEmulator,
    make_consent: MakeConsent,
    acme: Organisation,
    tmp_path: Path,
) -> None:
    body = {
        "provider": "inworld",
        "base_url": provider.base_url,
        "credentials": {"api_key": inworld.KEY},
    }
    account_id = client.post("/v1/provider_accounts", body, format="json").json()["id"]
    check_account(account_id)
    consent = make_consent(providers=["inworld", "local"])
    voice_id = ask(client, consent.id, provider="inworld", delivery={"mode": "sync"}).json()["id"]
    del provider.voices[next(name for name in provider.voices if voice_id in name)]
    Voice.objects.update(asked_at=NOON - timedelta(hours=1))
    run_canary_of(account_id)
    assert Voice.objects.get(id=voice_id).state == "expired"

    data = bundle(acme)
    (tmp_path / "audit.zip").write_bytes(data)
    verdict = export_scenario.verify(tmp_path / "audit.zip")

    assert verdict.code == 3, verdict
    openings = export_scenario.members(data)["openings.jsonl"]
    assert b'"voice_of":"service"' in openings.replace(b" ", b"")
    assert b"vanished_at_provider" in openings
