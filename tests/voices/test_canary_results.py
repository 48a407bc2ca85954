"""The speaker threshold that the canaries of an account have measured."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core import ids
from tests.conftest import NOON
from tests.fixtures.consents import MakeConsent
from voices.canary_results import get_speaker_threshold
from voices.models import CanaryState, ProviderAccount, ProviderCanary

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(make_consent: MakeConsent) -> ProviderAccount:
    return ProviderAccount.objects.create(
        id=ids.new("pac"),
        organisation=make_consent(signed=False).organisation,
        livemode=False,
        provider="inworld",
        base_url="https://voices.example",
        created_at=NOON,
        changed_at=NOON,
    )


def run(account: ProviderAccount, hours: int, **columns: Any) -> None:
    known: dict[str, Any] = {"state": CanaryState.PASSED, "cause": "asked", "is_full": True}
    at = NOON + timedelta(hours=hours)
    ProviderCanary.objects.create(
        id=ids.new("cny"), account=account, started_at=at, finished_at=at, **known | columns
    )


class TestTheSpeakerThreshold:
    def test_is_that_of_the_language(self, account: ProviderAccount) -> None:
        run(account, 0, thresholds={"en": 700, "de": 640})
        assert get_speaker_threshold(account.id, "de-AT") == 0.64
        assert get_speaker_threshold(account.id, "en") == 0.7

    def test_is_the_lowest_for_a_language_that_was_not_heard(
        self, account: ProviderAccount
    ) -> None:
        run(account, 0, thresholds={"en": 700, "de": 640})
        assert get_speaker_threshold(account.id, "ja") == 0.64

    def test_is_of_the_last_run_that_measured_one_and_passed(
        self, account: ProviderAccount
    ) -> None:
        run(account, 0, thresholds={"en": 600})
        run(account, 1, thresholds={"en": 650})
        run(account, 2)
        run(account, 3, thresholds={"en": 100}, state=CanaryState.FAILED, code="voices_alike")
        assert get_speaker_threshold(account.id, "en") == 0.65

    def test_is_none_before_any(self, account: ProviderAccount) -> None:
        run(account, 0)
        run(account, 1, thresholds={"en": 1}, state=CanaryState.UNFINISHED, code="away")
        assert get_speaker_threshold(account.id, "en") is None
