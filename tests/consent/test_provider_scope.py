"""The provider as a part of the scope: asked for, signed, judged, narrowed, renewed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from consent import connected_providers, gate, row_macs, services
from consent.documents import consent_record
from consent.errors import NotNarrower
from consent.models import Consent, Decision
from consent.policy import providers
from core.errors import Invalid
from core.hooks import Registry
from tests.conftest import NOON
from tests.consent.test_row_writers import without_triggers
from tests.support.consent_api import asked, decided, fetch, post, signed
from tests.support.consent_factories import (
    MakeConsent,
    MakeRequest,
    ask_for,
    check,
    codes,
    confirm,
    grant,
    of,
)

pytestmark = pytest.mark.django_db

BOTH = ["inworld", "local"]


def record_of(consent: Consent) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(bytes(consent.record or b""))
    return read


@pytest.fixture
def both(make_consent: MakeConsent) -> Consent:
    """A consent to Inworld and to the built-in engine."""
    return make_consent(providers=["local", "Inworld"])


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Connect providers, as the room above does."""
    sources: Registry[connected_providers.ConnectedProviders] = Registry("test")
    monkeypatch.setattr(connected_providers, "connected_sources", sources)

    def connect(*found: str) -> None:
        sources.add(lambda organisation, livemode: found if organisation and not livemode else ())

    yield connect


@pytest.fixture
def old(make_consent: MakeConsent, monkeypatch: pytest.MonkeyPatch) -> Consent:
    """A consent that was signed before providers were part of the scope."""
    build = consent_record.build_record

    def build_as_before(*args: Any, **named: Any) -> dict[str, Any]:
        record: dict[str, Any] = build(*args, **named)
        del record["providers"]
        return record

    with monkeypatch.context() as before:
        before.setattr(consent_record, "build_record", build_as_before)
        return make_consent()


class TestARequest:
    def test_covers_the_built_in_engine_where_nothing_is_connected(
        self, make_request: MakeRequest
    ) -> None:
        assert make_request().consent.providers == ["local"]

    def test_covers_what_is_connected_when_it_is_made(
        self, make_request: MakeRequest, connect: Callable[..., None]
    ) -> None:
        before = make_request().consent
        connect("fish", "inworld")
        assert make_request().consent.providers == ["fish", "inworld", "local"]
        assert Consent.objects.get(id=before.id).providers == ["local"]

    def test_may_leave_out_the_built_in_engine(
        self, make_request: MakeRequest, connect: Callable[..., None]
    ) -> None:
        connect("fish")
        assert make_request(providers=["inworld"]).consent.providers == ["inworld"]

    @pytest.mark.parametrize(
        ("given", "attr", "code"),
        [
            ([], "providers", "empty"),
            (["local", "inwrold"], "providers.1", "provider_unknown"),
            (["fish", "Fish Audio"], "providers.1", "duplicate"),
        ],
    )
    def test_with_a_wrong_word_is_refused(
        self, make_request: MakeRequest, given: list[str], attr: str, code: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            make_request(providers=given)
        assert [(one.code, one.attr) for one in refused.value.faults] == [(code, attr)]
        assert not Consent.objects.exists()


class TestTheRecord:
    def test_holds_each_provider_with_what_the_person_read(self, both: Consent) -> None:
        said = record_of(both)
        assert said["providers"] == [
            providers.provider_to_json(providers.PROVIDERS[code]) for code in BOTH
        ]
        assert said["processing"][0]["recipients"] == ["Inworld AI", "Built-in engine"]

    def test_names_the_built_in_engine_where_it_is_the_only_one(self, consent: Consent) -> None:
        assert [one["code"] for one in record_of(consent)["providers"]] == ["local"]


class TestTheGate:
    @pytest.mark.parametrize("action", ["clone", "synthesize"])
    def test_allows_what_was_signed_and_nothing_else(self, both: Consent, action: str) -> None:
        assert codes(both, action=action, provider="inworld") == []
        assert codes(both, action=action, provider="local") == []
        assert codes(both, action=action, provider="fish") == ["provider_not_covered"]

    @pytest.mark.parametrize("action", ["clone", "synthesize"])
    def test_takes_no_call_without_a_provider(self, both: Consent, action: str) -> None:
        with pytest.raises(ValueError, match="needs the provider"):
            check(both, action=action, provider=None)
        assert not Decision.objects.exists()

    def test_keeps_the_provider_in_the_stored_request(self, both: Consent) -> None:
        permit = check(both, provider=" InWorld")
        stored = Decision.objects.get(id=permit.decision_id).ask
        assert stored["provider"] == "inworld"
        assert "provider" in stored["given"]

    def test_judges_the_provider_again(self, both: Consent) -> None:
        permit = check(both, provider="inworld")
        kept = check(both, provider="local")
        gate.may_still(permit.decision_id, at=NOON)
        services.narrow_consent(both.id, providers=["local"], **of(both))

        with pytest.raises(gate.ConsentDenied):
            confirm(permit)
        with pytest.raises(gate.ConsentDenied) as denied:
            gate.may_still(permit.decision_id, at=NOON)
        assert [one.code for one in denied.value.reasons] == ["provider_not_covered"]
        gate.may_still(kept.decision_id, at=NOON)

    def test_takes_a_stored_call_of_older_days_for_one_of_the_built_in_engine(
        self, both: Consent
    ) -> None:
        permit = check(both, provider="local")
        row = Decision.objects.get(id=permit.decision_id)
        del row.ask["provider"]
        Decision.objects.filter(id=row.id).update(ask=row.ask)

        gate.may_still(row.id, at=NOON)
        services.narrow_consent(both.id, providers=["inworld"], **of(both))
        with pytest.raises(gate.ConsentDenied) as denied:
            gate.may_still(row.id, at=NOON)
        assert [one.required for one in denied.value.reasons] == ["local"]

    def test_denies_a_provider_that_was_written_into_the_row(self, consent: Consent) -> None:
        with without_triggers():
            Consent.objects.filter(id=consent.id).update(providers=BOTH)
            assert codes(consent, provider="inworld") == ["internal_doubt"]
            assert codes(consent, provider="local") == ["internal_doubt"]

    def test_denies_a_provider_beyond_the_record_under_a_good_mac(self, consent: Consent) -> None:
        with without_triggers():
            Consent.objects.filter(id=consent.id).update(providers=BOTH)
            with transaction.atomic():
                row_macs.renew_row_mac(consent.id)
            assert codes(consent, provider="inworld") == ["internal_doubt"]

    def test_denies_a_provider_that_was_given_back_after_a_narrowing(self, both: Consent) -> None:
        services.narrow_consent(both.id, providers=["local"], **of(both))
        with without_triggers():
            Consent.objects.filter(id=both.id).update(providers=BOTH)
            assert codes(both, provider="inworld") == ["internal_doubt"]


class TestAConsentOfOlderDays:
    def test_covers_the_built_in_engine_alone(self, old: Consent) -> None:
        assert "providers" not in record_of(old)
        assert codes(old) == []
        assert codes(old, provider="inworld") == ["provider_not_covered"]

    def test_keeps_its_mac(self, old: Consent) -> None:
        said = row_macs.encode_consent_state(old, list(old.grants.all()), ())
        assert "providers" not in json.loads(said)

    def test_gets_no_further_provider_by_hand(self, old: Consent) -> None:
        with without_triggers():
            Consent.objects.filter(id=old.id).update(providers=["fish"])
            assert codes(old, provider="fish") == ["internal_doubt"]

    def test_is_one_whose_row_names_none(self, consent: Consent) -> None:
        """The default of the column, which rows from before the migration have."""
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(
                    "SELECT dflt_value FROM pragma_table_info('consent_consent') "
                    "WHERE name = 'providers'"
                )
            else:
                cursor.execute(
                    "SELECT column_default FROM information_schema.columns WHERE table_name = "
                    "'consent_consent' AND column_name = 'providers'"
                )
            (default,) = cursor.fetchone()
        assert default.partition("::")[0] == "'[\"local\"]'"
        assert consent.providers == ["local"]


class TestNarrowing:
    def test_removes_a_provider_and_ends_permits(self, both: Consent) -> None:
        permit = check(both, provider="local")
        services.narrow_consent(both.id, providers=["local"], **of(both))
        found = Consent.objects.get(id=both.id)
        assert (found.providers, found.revocation_epoch) == (["local"], permit.epoch + 1)
        assert [one["code"] for one in record_of(found)["providers"]] == BOTH
        with pytest.raises(gate.ConsentDenied):
            confirm(permit)
        assert codes(both) == []

    def test_twice_changes_nothing(self, both: Consent) -> None:
        for _ in range(2):
            services.narrow_consent(both.id, providers=["LOCAL"], **of(both))
        assert Consent.objects.get(id=both.id).revocation_epoch == 1

    @pytest.mark.parametrize("given", [["fish", "local"], ["fish"]])
    def test_never_adds_a_provider(self, both: Consent, given: list[str]) -> None:
        with pytest.raises(NotNarrower) as refused:
            services.narrow_consent(both.id, providers=given, **of(both))
        assert [one.attr for one in refused.value.faults] == ["providers"]
        assert Consent.objects.get(id=both.id).providers == BOTH

    def test_of_grants_leaves_the_providers(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(), grant(use_case="research"), providers=BOTH)
        services.narrow_consent(consent.id, grants=[{"use_case": "research"}], **of(consent))
        assert Consent.objects.get(id=consent.id).providers == BOTH
        services.narrow_consent(consent.id, providers=["inworld"], **of(consent))
        assert consent.grants.filter(removed_at=None).count() == 1


class TestARenewal:
    def test_asks_for_the_same_providers(self, both: Consent, connect: Callable[..., None]) -> None:
        connect("fish")
        assert services.renew_consent(both.id, **of(both)).consent.providers == BOTH

    def test_asks_for_no_more_than_narrowing_left(self, both: Consent) -> None:
        services.narrow_consent(both.id, providers=["inworld"], **of(both))
        assert services.renew_consent(both.id, **of(both)).consent.providers == ["inworld"]


class TestTheAPI:
    def test_takes_and_shows_providers(self, api: APIClient) -> None:
        made = asked(api, providers=["local", "Inworld"])
        assert made["providers"] == BOTH
        assert fetch(api, f"/v1/consents/{made['id']}")["providers"] == BOTH

    def test_refuses_an_unknown_one_with_the_nearest(self, api: APIClient) -> None:
        speaker = asked(api)["speaker"]
        body = {
            "speaker": speaker, "duration": "P1Y", "grants": [grant()], "providers": ["elevenlab"],
        }  # fmt: skip
        problem = post(api, "/v1/consents", body, 422)
        assert [one["attr"] for one in problem["errors"]] == ["providers.0"]
        assert "elevenlabs" in problem["errors"][0]["detail"]

    def test_narrows_providers_alone(self, api: APIClient) -> None:
        made = signed(api, providers=BOTH)
        path = f"/v1/consents/{made['id']}/narrow"
        assert post(api, path, {"providers": ["local"]}, 200)["providers"] == ["local"]
        assert post(api, path, {"providers": BOTH}, 422)["code"] == "not_narrower"
        assert post(api, path, {}, 422)["errors"][0]["attr"] == "grants"

    def test_judges_the_provider_of_a_question(self, api: APIClient) -> None:
        made = signed(api, providers=BOTH)
        answer = decided(api, made, provider="fish")
        (reason,) = answer["reasons"]
        assert (reason["code"], reason["required"]) == ("provider_not_covered", "fish")
        assert (reason["granted"], reason["grant"]) == (BOTH, None)
        assert answer["ask"]["provider"] == "fish"

        assert decided(api, made, provider="inworld")["allowed"] is True
        unasked = decided(api, made)
        assert (unasked["allowed"], unasked["ask"]["provider"]) == (True, None)

    def test_shows_a_decision_of_older_days(self, api: APIClient) -> None:
        answer = decided(api, signed(api))
        row = Decision.objects.get(id=answer["id"])
        del row.ask["provider"]
        Decision.objects.filter(id=row.id).update(ask=row.ask)
        assert "provider" not in fetch(api, f"/v1/decisions/{row.id}")["ask"]

    def test_asks_for_a_provider_that_is_known(self, api: APIClient) -> None:
        body = {"consent": signed(api)["id"], "language": "en", "provider": "playht"}
        problem = post(api, "/v1/decisions", body, 422)
        assert [one["code"] for one in problem["errors"]] == ["provider_unknown"]

    def test_tells_what_a_person_is_told(self, api: APIClient) -> None:
        found = {one["code"]: one for one in fetch(api, "/v1/providers?limit=100")["data"]}
        assert found["tensorone"]["keeps"] == [{"what": "voice_model", "lasts": "P90D"}]
        assert found["local"]["keeps"][0] == {"what": "recordings", "lasts": "consent"}
        assert (found["vllm_omni"]["runs"], found["vllm_omni"]["country"]) == ("organisation", None)
        assert found["generic"]["keeps"] is None


def test_a_permit_needs_a_known_provider(both: Consent) -> None:
    with pytest.raises(Invalid):
        ask_for(both, provider="nobody")
