"""Idempotency: a retried POST is carried out once, a stored yes ends with its permit, erasure
forgets answers.
"""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client, RequestFactory
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from accounts import idempotency_records
from accounts.api_key_changes import IssuedKey
from accounts.authentication import admit_key
from accounts.models import ApiKey, IdempotencyRecord
from config.middleware import idempotency_claims
from config.middleware.idempotency_claims import IdempotencyRunning
from config.middleware.request_fingerprint import fingerprint_request
from consent.models import Speaker
from core import clock, leases, transactions
from tests.fixtures.organisations import MakeKey, hold_minute
from tests.voices.test_races import in_threads

pytestmark = pytest.mark.django_db

ADA = {"name": "Ada Example", "email": "ada@example.org"}


@pytest.fixture
def key(make_key: MakeKey) -> IssuedKey:
    return make_key(at=clock.now())


def send(
    key: IssuedKey,
    name: str,
    body: str,
    *,
    kind: str = "application/json",
    authorization: str | None = None,
) -> Any:
    """`POST /v1/speakers` with these very bytes and headers."""
    header = f"Bearer {key.secret}" if authorization is None else authorization
    return Client(raise_request_exception=False).post(
        "/v1/speakers", body, kind, HTTP_AUTHORIZATION=header, HTTP_IDEMPOTENCY_KEY=name
    )


def post(key: IssuedKey, name: str, body: dict[str, Any], path: str = "/v1/speakers") -> Any:
    return Client(raise_request_exception=False).post(
        path,
        body,
        "application/json",
        HTTP_AUTHORIZATION=f"Bearer {key.secret}",
        HTTP_IDEMPOTENCY_KEY=name,
    )


class TestRetry:
    def test_gets_the_same_answer_and_makes_nothing_new(self, key: IssuedKey) -> None:
        first, second = post(key, "a", ADA), post(key, "a", ADA)

        assert first.status_code == second.status_code == 201
        assert first.json() == second.json()
        assert "Idempotent-Replayed" not in first
        assert second["Idempotent-Replayed"] == "true"
        assert Speaker.objects.count() == 1

    def test_with_another_body_is_refused(self, key: IssuedKey) -> None:
        post(key, "a", ADA)

        answer = post(key, "a", {**ADA, "name": "Somebody Else"})

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")

    def test_while_the_first_still_runs_is_a_conflict(self, key: IssuedKey) -> None:
        post(key, "a", ADA)
        IdempotencyRecord.objects.update(
            state="running", lease_until=clock.now() + timedelta(minutes=1)
        )

        answer = post(key, "a", ADA)

        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_running")

    def test_after_a_crash_runs_when_the_lease_is_over(self, key: IssuedKey) -> None:
        post(key, "a", ADA)
        IdempotencyRecord.objects.update(
            state="running", lease_until=clock.now() - timedelta(seconds=1)
        )

        assert "Idempotent-Replayed" not in post(key, "a", ADA)

    def test_of_a_refused_request_is_decided_again(self, key: IssuedKey) -> None:
        assert post(key, "a", {"name": ""}).status_code == 422

        assert post(key, "a", ADA).status_code == 201

    def test_by_another_key_is_another_request(self, key: IssuedKey, make_key: MakeKey) -> None:
        post(key, "a", ADA)
        other = make_key(at=clock.now(), product="Other")

        assert "Idempotent-Replayed" not in post(other, "a", ADA)

    def test_after_a_day_is_a_new_request(self, key: IssuedKey) -> None:
        post(key, "a", ADA)
        IdempotencyRecord.objects.update(created_at=clock.now() - idempotency_records.KEEP)

        assert "Idempotent-Replayed" not in post(key, "a", ADA)

    @pytest.mark.parametrize("name", ["", "x" * 256, "näme", "two words"])
    def test_with_an_impossible_key_is_refused(self, key: IssuedKey, name: str) -> None:
        assert post(key, name, ADA).status_code == 422


class TestStoredAnswer:
    def test_holds_no_name_in_clear(self, key: IssuedKey) -> None:
        post(key, "a", ADA)

        kept = IdempotencyRecord.objects.get()
        assert b"Ada" not in bytes(kept.sealed_body or b"")
        assert "Ada" not in str(kept.headers)

    def test_is_forgotten_by_an_erasure_and_not_repeated(self, key: IssuedKey) -> None:
        post(key, "a", ADA)

        transactions.opens_transaction(idempotency_records.erase_answers_of_organisation)(
            key.key.organisation_id, livemode=key.key.livemode
        )

        answer = post(key, "a", ADA)
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_forgotten")
        assert IdempotencyRecord.objects.get().sealed_body is None
        assert Speaker.objects.count() == 1


class TestOneRequest:
    """Spelt in two ways: compared by what was parsed, not by its bytes."""

    @pytest.mark.parametrize(
        "body",
        [
            '{"email": "ada@example.org", "name": "Ada Example"}',
            '{"name":"Ada Example","email":"ada@example.org"}',
            '\n{ "name" : "Ada\\u0020Example", "email":"ada@example.org" }\n',
        ],
    )
    def test_may_come_in_another_order_and_spacing(self, key: IssuedKey, body: str) -> None:
        first = post(key, "a", ADA)

        again = send(key, "a", body)

        assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
        assert again.json() == first.json()

    @pytest.mark.parametrize(
        "kind", ["application/json; charset=utf-8", "application/json;charset=UTF-8"]
    )
    def test_may_name_its_charset(self, key: IssuedKey, kind: str) -> None:
        post(key, "a", ADA)

        assert send(key, "a", json.dumps(ADA), kind=kind)["Idempotent-Replayed"] == "true"

    @pytest.mark.parametrize(
        "other", [{**ADA, "country": "DE"}, {"name": "Ada Example"}, {**ADA, "name": "ada example"}]
    )
    def test_is_not_one_with_another_value(self, key: IssuedKey, other: dict[str, str]) -> None:
        post(key, "a", ADA)

        assert post(key, "a", other).json()["code"] == "idempotency_mismatch"

    def test_at_another_address_is_another(self, key: IssuedKey) -> None:
        made = post(key, "a", ADA).json()["id"]

        answer = post(key, "a", ADA, path=f"/v1/speakers/{made}/erase")

        assert answer.json()["code"] == "idempotency_mismatch"

    def test_as_a_form_may_have_another_boundary(self, key: IssuedKey) -> None:
        fingerprints = {
            _form_fingerprint(boundary, "1") for boundary in ("xxxx", "yyyy-boundary", '"z z"')
        }

        assert len(fingerprints) == 1
        assert _form_fingerprint("xxxx", "2") not in fingerprints


class TestTheHeaderOfTheKey:
    @pytest.mark.parametrize("spelt", ["bearer {}", "BEARER {}", "Bearer  {}", "BeArEr {} "])
    def test_may_be_spelt_in_every_way_that_authenticates(self, key: IssuedKey, spelt: str) -> None:
        header = spelt.format(key.secret)

        first, second = (send(key, "a", json.dumps(ADA), authorization=header) for _ in range(2))

        assert (first.status_code, second.status_code) == (201, 201)
        assert second["Idempotent-Replayed"] == "true"
        assert Speaker.objects.count() == 1

    def test_is_wanted_for_a_stored_answer_as_for_a_new_one(self, key: IssuedKey) -> None:
        post(key, "a", ADA)

        assert send(key, "a", json.dumps(ADA), authorization="").status_code == 401
        assert (
            send(key, "a", json.dumps(ADA), authorization="Bearer sayso_test_x").status_code == 401
        )


class TestAKeyWithoutACaller:
    """Whose repeat it is cannot be known, so nothing would guard the call."""

    @pytest.mark.parametrize("authorization", ["", "Bearer {}"])
    @pytest.mark.parametrize("path", ["/v1/verify", "/c2pa/matches/byBinding"])
    def test_is_refused_where_no_one_is_asked_who_they_are(
        self, key: IssuedKey, path: str, authorization: str
    ) -> None:
        answer = Client().post(
            path,
            {},
            "application/json",
            HTTP_AUTHORIZATION=authorization.format(key.secret),
            HTTP_IDEMPOTENCY_KEY="a",
        )

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_unbound")
        assert not IdempotencyRecord.objects.exists()

    def test_is_refused_by_every_spelling_that_does_not_authenticate(self, key: IssuedKey) -> None:
        for spelt in ("Basic {}", "Bearer{}", "Bearer\t{}", "{}", "Bearer, {}", "Bearer {} {}"):
            header = spelt.format(key.secret, key.secret)

            answer = send(key, "a", json.dumps(ADA), authorization=header)

            assert answer.status_code == 401, spelt
        assert not Speaker.objects.exists()


class TestAStoredAnswer:
    def test_is_not_for_a_key_that_may_no_longer_make_the_call(self, key: IssuedKey) -> None:
        post(key, "a", ADA)
        ApiKey.objects.filter(pk=key.key.pk).update(scopes=["speakers:read"])

        answer = post(key, "a", ADA)

        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")

    def test_is_not_for_a_key_that_was_disabled(self, key: IssuedKey) -> None:
        post(key, "a", ADA)
        ApiKey.objects.filter(pk=key.key.pk).update(disabled_at=clock.now())

        assert post(key, "a", ADA).status_code == 401

    def test_counts_as_a_call(self, key: IssuedKey) -> None:
        ApiKey.objects.filter(pk=key.key.pk).update(calls_per_minute=2)
        hold_minute(key)
        first, second, third = (post(key, "a", ADA) for _ in range(3))

        assert (first.status_code, second.status_code, third.status_code) == (201, 201, 429)
        assert int(second["RateLimit-Remaining"]) == 0

    @pytest.mark.parametrize("path", ["/v1/api_keys", "/v1/api_keys/{}/rotate"])
    def test_of_a_call_that_made_a_secret_never_shows_it_again(
        self, key: IssuedKey, path: str
    ) -> None:
        body = (
            {"product": "Reader", "scopes": ["speakers:read"], "mode": "test"}
            if "{}" not in path
            else {}
        )
        address = path.format(key.key.id)
        first = post(key, "a", body, path=address)
        secret = first.json()["secret"]

        answer = post(key, "a", body, path=address)

        assert first.status_code in {200, 201}
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_secret")
        assert secret not in answer.content.decode()
        kept = IdempotencyRecord.objects.get()
        assert (kept.state, kept.sealed_body, kept.headers) == ("secret", None, {})

    def test_is_not_kept_when_the_body_cannot_be_read(self, key: IssuedKey) -> None:
        assert send(key, "a", "{").status_code == 400
        assert not IdempotencyRecord.objects.exists()
        assert post(key, "a", ADA).status_code == 201


class TestARetryWhosePermitHasEnded:
    def test_takes_the_row_over_once(self, key: IssuedKey, monkeypatch: pytest.MonkeyPatch) -> None:
        post(key, "a", ADA)
        IdempotencyRecord.objects.update(headers={"Sayso-Decision": "dec_gone"})
        stale = IdempotencyRecord.objects.get()

        taken = idempotency_claims._take_over(stale, at=clock.now())

        assert taken.state == "running"
        with pytest.raises(IdempotencyRunning):
            idempotency_claims._take_over(
                IdempotencyRecord(pk=stale.pk, state="done", lease_until=clock.now()),
                at=clock.now(),
            )

    def test_that_lost_its_lease_settles_nothing(self, key: IssuedKey) -> None:
        post(key, "a", ADA)
        row = IdempotencyRecord.objects.get()
        IdempotencyRecord.objects.update(state="running", attempt=row.attempt + 1)

        assert not idempotency_claims._select_running(row).exists()


@pytest.mark.postgres
class TestFiveRetriesAtOnce:
    @pytest.mark.django_db(transaction=True)
    def test_take_a_key_once(self, key: IssuedKey) -> None:
        answers_given = in_threads(lambda _number: post(key, "race", ADA).status_code, 5)

        assert 201 in answers_given
        assert set(answers_given) <= {201, 409}
        assert Speaker.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_take_an_ended_answer_over_once(self, key: IssuedKey) -> None:
        post(key, "race", ADA)
        IdempotencyRecord.objects.update(headers={"Sayso-Decision": "dec_gone"})
        Speaker.objects.all().delete()

        in_threads(lambda _number: post(key, "race", ADA).status_code, 5)

        assert Speaker.objects.count() == 1


@pytest.mark.postgres
class TestARepeatOfACallThatIsLate:
    @pytest.mark.django_db(transaction=True)
    def test_waits_for_its_commit_and_does_not_run_beside_it(self, key: IssuedKey) -> None:
        at, found = clock.now(), list[str]()
        caller = admit_key(f"Bearer {key.secret}", at=at).caller
        assert caller is not None
        late = idempotency_claims.claim_key(caller, "late", "a", at=at - leases.LEASE)
        claim = idempotency_claims.hold_key(late, caller, now=clock.now)

        def repeat() -> None:
            try:
                idempotency_claims.claim_key(caller, "late", "a", at=clock.now())
                found.append("runs")
            except IdempotencyRunning:
                found.append("waits")
            finally:
                connection.close()

        thread = threading.Thread(target=repeat)
        with transaction.atomic():
            claim.demand()
            thread.start()
            thread.join(0.3)
            assert not found
        thread.join(20)

        claim.renewal.stop()
        assert found == ["waits"]

    @pytest.mark.django_db(transaction=True)
    def test_that_took_the_key_first_leaves_the_late_one_nothing_to_make(
        self, key: IssuedKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim_first = idempotency_claims.claim_key

        def claim_and_lose(*args: Any, **named: Any) -> IdempotencyRecord:
            row = claim_first(*args, **named)
            monkeypatch.undo()
            IdempotencyRecord.objects.update(lease_until=clock.now())
            assert post(key, "late", ADA).status_code == 201
            return row

        monkeypatch.setattr("config.middleware.idempotency.claim_key", claim_and_lose)

        assert post(key, "late", ADA).status_code == 409
        assert Speaker.objects.count() == 1
        assert post(key, "late", ADA)["Idempotent-Replayed"] == "true"


def _form_fingerprint(boundary: str, value: str) -> str:
    plain = boundary.strip('"')
    body = (
        f'--{plain}\r\nContent-Disposition: form-data; name="a"\r\n\r\n{value}\r\n--{plain}--\r\n'
    )
    made = RequestFactory().generic(
        "POST", "/v1/voices", body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    return fingerprint_request(Request(made, parsers=[MultiPartParser()]))
