"""L0 permits nothing; an approved import counts as L1 for what the owner's policy names, and for
nothing graver.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organisation
from accounts.organisation_policy import change_policy
from consent import gate, services
from consent.models import Consent, ImportedConsent
from consent.policy import actions, evaluate, use_cases
from consent.policy.state_machine import ConsentState
from consent.policy.types import AccessRequest, ConsentView, GrantView, PolicyContext
from consent.signing import ceremony
from core.errors import Invalid
from tests.conftest import NOON
from tests.support.consent_factories import MakeRequest, MakeSpeaker, check, token_of

pytestmark = pytest.mark.once

EVERY = sorted(use_cases.CODES)
LIGHT = [code for code in EVERY if use_cases.get_minimum_level(code, {}) == 1]


def facts(use_case: str, **changes: Any) -> PolicyContext:
    """An import of everything, active, approved and trusted for the use unless told otherwise."""
    of_consent = {
        name: changes.pop(name) for name in ("import_approved", "assurance") if name in changes
    }
    granted = GrantView(
        grant_id="grt_a", use_case=use_case, actions=actions.ACTIONS, languages=("en",),
        spelt=("en",), channels=frozenset({"*"}), territories=frozenset({"*"}),
    )  # fmt: skip
    consent = ConsentView(
        consent_id="con_a", state=ConsentState.ACTIVE, assurance=0, valid_from=NOON,
        valid_until=NOON + timedelta(days=1), grants=(granted,), import_approved=True,
    )  # fmt: skip
    known: dict[str, Any] = {"imports_trusted_for": frozenset({use_case}), **changes}
    return PolicyContext(at=NOON, consent=replace(consent, **of_consent), **known)


def codes(use_case: str, of: PolicyContext, **changes: Any) -> list[str]:
    ask = AccessRequest(
        organisation_id="org_a", livemode=True, action="synthesize", consent_id="con_a",
        language="en", use_case=use_case, **changes,
    )  # fmt: skip
    return [reason.code for reason in evaluate.evaluate_request(ask, of).reasons]


class TestLevelZero:
    @pytest.mark.parametrize("use_case", EVERY)
    @pytest.mark.parametrize("approved", [False, True])
    def test_permits_nothing_without_an_entry_of_the_policy(
        self, use_case: str, approved: bool
    ) -> None:
        found = facts(use_case, import_approved=approved, imports_trusted_for=frozenset())
        assert "assurance_too_low" in codes(use_case, found)

    @pytest.mark.parametrize("use_case", EVERY)
    def test_permits_nothing_when_no_one_approved_it(self, use_case: str) -> None:
        assert "assurance_too_low" in codes(use_case, facts(use_case, import_approved=False))

    @pytest.mark.parametrize("use_case", LIGHT)
    def test_counts_as_l1_for_what_the_policy_names(self, use_case: str) -> None:
        assert "assurance_too_low" not in codes(use_case, facts(use_case))

    @pytest.mark.parametrize("use_case", sorted(set(EVERY) - set(LIGHT)))
    def test_never_counts_for_what_needs_l2(self, use_case: str) -> None:
        trusted = frozenset(EVERY)
        assert "assurance_too_low" in codes(use_case, facts(use_case, imports_trusted_for=trusted))

    @given(use_case=st.sampled_from(LIGHT), level=st.sampled_from([2, 3]), whole=st.booleans())
    def test_never_counts_where_an_owner_raised_the_level(
        self, use_case: str, level: int, whole: bool
    ) -> None:
        raised = {"*" if whole else use_case: level}
        assert "assurance_too_low" in codes(use_case, facts(use_case, raised=raised))

    def test_never_counts_for_an_ask_that_wants_more(self) -> None:
        found = facts("entertainment.audiobook")
        assert "assurance_too_low" in codes("entertainment.audiobook", found, assurance_floor=2)

    def test_of_a_named_child_does_not_count_for_its_parent(self) -> None:
        found = facts("entertainment", imports_trusted_for=frozenset({"entertainment.audiobook"}))
        assert "assurance_too_low" in codes("entertainment", found)

    def test_makes_no_other_level_higher(self) -> None:
        assert "assurance_too_low" in codes(
            "advertising.promo", facts("advertising.promo", assurance=1)
        )


@pytest.mark.django_db
class TestTheRows:
    @pytest.mark.parametrize(
        "columns",
        [
            {"imported_by": "member:a", "approved_by": "member:a", "approved_at": NOON},
            {"imported_by": "member:a", "approved_by": "member:b", "approved_at": None},
            {"imported_by": "member:a", "approved_by": "", "approved_at": NOON},
            {
                "imported_by": "member:a",
                "approved_by": "member:b",
                "approved_at": NOON - timedelta(days=1),
            },
            {"imported_by": ""},
        ],
    )
    def test_refuse_an_approval_that_is_none(
        self, make_request: MakeRequest, columns: dict[str, Any]
    ) -> None:
        consent = make_request().consent
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportedConsent.objects.create(consent=consent, imported_at=NOON, **columns)

    def test_keep_an_approval_as_it_is(self, make_request: MakeRequest) -> None:
        consent = make_request().consent
        row = ImportedConsent.objects.create(
            consent=consent,
            imported_by="member:a",
            imported_at=NOON,
            approved_by="member:b",
            approved_at=NOON,
        )
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportedConsent.objects.filter(pk=row.pk).update(approved_by="member:c")

    @pytest.mark.parametrize("level", ["L1", "L2"])
    def test_never_let_a_level_rise(self, make_request: MakeRequest, level: str) -> None:
        consent = make_request(delivery="controller").consent
        with pytest.raises(IntegrityError), transaction.atomic():
            Consent.objects.filter(pk=consent.pk).update(assurance=level)


@pytest.mark.django_db
class TestTheEntry:
    @pytest.mark.parametrize(
        "value", ["*", {"agent": "L1"}, ["nothing"], ["advertising"], ["model.train"], [1]]
    )
    def test_is_refused_when_it_names_what_it_may_not(
        self, acme: Organisation, value: Any, at: datetime = NOON
    ) -> None:
        with pytest.raises(Invalid):
            change_policy(acme.id, {"imports_count_as_l1": value}, actor="member:a", at=at)

    def test_is_taken_for_uses_that_need_l1(self, acme: Organisation) -> None:
        assert change_policy(
            acme.id, {"imports_count_as_l1": ["entertainment"]}, actor="member:a", at=NOON
        )


@pytest.mark.django_db
def test_a_running_permit_ends_when_the_policy_trusts_imports_no_longer(
    make_request: MakeRequest, make_speaker: MakeSpeaker, acme: Organisation
) -> None:
    made = make_request(speaker=make_speaker(livemode=True), delivery="controller")
    view = ceremony.get_signing_view(token_of(made), at=NOON)
    services.sign_consent(
        token_of(made), name_typed=view.speaker_name, ticked=(view.grants[0].id,), at=NOON
    )
    imported = {"imported_by": "member:a", "approved_by": "member:b"}
    ImportedConsent.objects.create(
        consent=made.consent, imported_at=NOON, approved_at=NOON, **imported
    )
    change_policy(
        acme.id,
        {"imports_count_as_l1": [made.consent.grants.get().use_case]},
        actor="member:a",
        at=NOON,
    )
    permit = check(made.consent)
    assert not gate.find_ended_permits([(permit, NOON)])

    change_policy(acme.id, {"imports_count_as_l1": []}, actor="member:a", at=NOON)

    assert gate.find_ended_permits([(permit, NOON)])
