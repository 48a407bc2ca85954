"""A state is that of the moment in which it is read: the sweep only writes down what time has
done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from consent import consent_receipts, gate, selectors, services, speaker_erasure
from consent.errors import WrongState
from consent.models import Consent
from consent.policy.state_machine import ConsentState
from consent.signing import links
from core import clock
from tests.conftest import NOON
from tests.support.consent_factories import MakeConsent, MakeRequest, ask_for, of, token_of

pytestmark = pytest.mark.django_db

OVER = NOON + timedelta(days=365)
UNANSWERED = NOON + timedelta(days=14)


def late(consent: Consent, at: datetime = OVER) -> dict[str, Any]:
    return {**of(consent), "at": at}


@pytest.fixture
def past_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: OVER)


class TestPastItsEnd:
    @pytest.mark.parametrize("suspended", [False, True])
    def test_a_consent_reads_expired(self, consent: Consent, suspended: bool) -> None:
        if suspended:
            services.suspend_consent(consent.id, reason="", **of(consent))
        found = Consent.objects.reading("expired", at=OVER).get()
        assert found.state_at(OVER) is ConsentState.EXPIRED
        assert not Consent.objects.reading("active", "suspended", at=OVER).exists()
        assert found.state_at(OVER - timedelta(milliseconds=1)) is ConsentState(found.state)

    def test_a_paused_consent_is_not_resumed(self, consent: Consent) -> None:
        services.suspend_consent(consent.id, reason="", **of(consent))
        with pytest.raises(WrongState) as caught:
            services.resume_consent(consent.id, **late(consent))
        assert caught.value.facts["state"] == "expired"

    @pytest.mark.parametrize(
        "act",
        [
            lambda consent: services.suspend_consent(consent.id, reason="", **late(consent)),
            lambda consent: services.resume_consent(consent.id, **late(consent)),
            lambda consent: services.narrow_consent(
                consent.id,
                grants=[{"use_case": "entertainment.audiobook", "languages": ["en"]}],
                **late(consent),
            ),
            lambda consent: services.register_samples(consent.id, ["0" * 64], **late(consent)),
        ],
        ids=["suspend", "resume", "narrow", "register_samples"],
    )
    def test_nothing_moves_it(self, consent: Consent, act: Callable[[Consent], object]) -> None:
        with pytest.raises(WrongState, match=r"expired|active") as caught:
            act(consent)
        assert caught.value.facts["state"] == "expired"

    def test_the_gate_says_that_it_expired_and_no_more(self, consent: Consent) -> None:
        services.suspend_consent(consent.id, reason="", **of(consent))
        decision = gate.preview_decision(ask_for(consent), at=OVER, actor="key:test")
        assert [reason["code"] for reason in decision.reasons] == ["consent_expired"]

    def test_a_revocation_writes_the_expiry_down(self, consent: Consent) -> None:
        after = services.withdraw_consent(consent.id, reason="", **late(consent))
        assert (after.state, after.ended_at, after.revoked_at) == ("expired", OVER, None)

    def test_its_person_can_be_erased(self, consent: Consent) -> None:
        speaker_erasure.freeze_speaker(
            consent.speaker_id, reason="erasure", actor="key:test", at=OVER
        )
        assert Consent.objects.get(id=consent.id).state == "expired"

    @pytest.mark.usefixtures("past_the_end")
    def test_the_api_shows_and_lists_it_as_expired(self, consent: Consent, api: APIClient) -> None:
        assert api.get(f"/v1/consents/{consent.id}").json()["state"] == "expired"
        assert [row["id"] for row in api.get("/v1/consents?state=expired").json()["data"]] == [
            consent.id
        ]
        assert api.get("/v1/consents?state=active").json()["data"] == []
        assert api.get("/v1/consents?expiring_before=2090-01-01T00:00:00Z").json()["data"] == []
        assert api.get(f"/v1/consents/{consent.id}/receipt.json").json()["state"] == "expired"
        assert api.post(f"/v1/consents/{consent.id}/resume", {}, format="json").status_code == 409

    @pytest.mark.usefixtures("past_the_end")
    def test_verify_speaks_of_it_as_expired(self, consent: Consent) -> None:
        assert selectors.get_state_now(consent.id) == "expired"

    def test_its_receipt_says_so(self, consent: Consent) -> None:
        assert consent_receipts.receipt_to_json(consent, at=OVER)["state"] == "expired"

    def test_exclusions_of_an_ended_consent_bind_no_more(
        self, consent: Consent, make_consent: MakeConsent
    ) -> None:
        end = NOON + timedelta(days=9)
        services.narrow_consent(
            make_consent(valid_until=end).id,
            grants=[{"use_case": "entertainment.audiobook", "exclusions": ["entertainment"]}],
            **of(consent),
        )
        asked = ask_for(consent)
        assert not gate.preview_decision(
            asked, at=end - timedelta(seconds=1), actor="key:test"
        ).allowed
        assert gate.preview_decision(asked, at=end, actor="key:test").allowed


class TestAnOpenRequest:
    def test_reads_lapsed_past_the_end_of_its_link(
        self, make_request: MakeRequest, api: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = make_request().consent
        monkeypatch.setattr(clock, "now", lambda: UNANSWERED)
        assert api.get(f"/v1/consents/{made.id}").json()["state"] == "lapsed"
        assert [row["id"] for row in api.get("/v1/consents?state=lapsed").json()["data"]] == [
            made.id
        ]
        assert api.get("/v1/consents?state=requested").json()["data"] == []

    def test_reads_lapsed_past_the_end_that_it_asks_for(self, make_request: MakeRequest) -> None:
        end = NOON + timedelta(days=2)
        made = make_request(valid_until=end)
        assert made.consent.state_at(end) is ConsentState.LAPSED
        assert services.expire_due(at=end) == 1
        assert Consent.objects.get(id=made.consent.id).state == "lapsed"

    def test_is_shown_alike_on_its_page(self, make_request: MakeRequest, client: Client) -> None:
        made = make_request()
        token = token_of(made)
        assert links.get_link_status(token, at=UNANSWERED).state is ConsentState.LAPSED


class TestADecision:
    @pytest.mark.parametrize("seconds", [1, 30, 59])
    def test_ends_no_later_than_its_consent(self, make_consent: MakeConsent, seconds: int) -> None:
        end = NOON + timedelta(seconds=seconds)
        consent = make_consent(valid_until=end)
        assert gate.preview_decision(ask_for(consent), at=NOON, actor="key:test").expires_at == end
        assert gate.check(ask_for(consent), at=NOON, actor="key:test").expires_at == end

    def test_lasts_a_minute_where_its_consent_lasts_longer(self, consent: Consent) -> None:
        preview = gate.preview_decision(ask_for(consent), at=NOON, actor="key:test")
        assert preview.expires_at == NOON + timedelta(seconds=60)
