"""Idempotency: a retried POST is carried out once, a stored yes ends with its permit, erasure forgets answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts import answers
from accounts.models import StoredAnswer
from accounts.services import IssuedKey
from config import idempotency
from consent.models import Speaker
from core import clock, tx
from tests.cast import MakeKey

pytestmark = pytest.mark.django_db

ADA = {"name": "Ada Example", "email": "ada@example.org"}


@pytest.fixture
def key(make_key: MakeKey) -> IssuedKey:
    return make_key(at=clock.now())


def post(key: IssuedKey, name: str, body: dict[str, Any], path: str = "/v1/speakers") -> Any:
    return Client(raise_request_exception=False).post(
        path, body, "application/json", HTTP_AUTHORIZATION=f"Bearer {key.secret}", HTTP_IDEMPOTENCY_KEY=name
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
        StoredAnswer.objects.update(state="running", lease_until=clock.now() + timedelta(minutes=1))

        answer = post(key, "a", ADA)

        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_running")

    def test_after_a_crash_runs_when_the_lease_is_over(self, key: IssuedKey) -> None:
        post(key, "a", ADA)
        StoredAnswer.objects.update(state="running", lease_until=clock.now() - timedelta(seconds=1))

        assert "Idempotent-Replayed" not in post(key, "a", ADA)

    def test_of_a_refused_request_is_decided_anew(self, key: IssuedKey) -> None:
        assert post(key, "a", {"name": ""}).status_code == 422

        assert post(key, "a", ADA).status_code == 201

    def test_by_another_key_is_another_request(self, key: IssuedKey, make_key: MakeKey) -> None:
        post(key, "a", ADA)
        other = make_key(at=clock.now(), product="Other")

        assert "Idempotent-Replayed" not in post(other, "a", ADA)

    def test_after_a_day_is_a_new_request(self, key: IssuedKey) -> None:
        post(key, "a", ADA)
        StoredAnswer.objects.update(created_at=clock.now() - answers.KEEP)

        assert "Idempotent-Replayed" not in post(key, "a", ADA)

    @pytest.mark.parametrize("name", ["", "x" * 256, "näme", "two words"])
    def test_with_an_impossible_key_is_refused(self, key: IssuedKey, name: str) -> None:
        assert post(key, name, ADA).status_code == 422


class TestStoredAnswer:
    def test_holds_no_name_in_clear(self, key: IssuedKey) -> None:
        post(key, "a", ADA)

        kept = StoredAnswer.objects.get()
        assert b"Ada" not in bytes(kept.sealed_body or b"")
        assert "Ada" not in str(kept.headers)

    def test_is_forgotten_by_an_erasure_and_not_repeated(self, key: IssuedKey) -> None:
        post(key, "a", ADA)

        tx.opened(answers.forget)(key.key.organisation_id, livemode=key.key.livemode)

        answer = post(key, "a", ADA)
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_forgotten")
        assert StoredAnswer.objects.get().sealed_body is None
        assert Speaker.objects.count() == 1


class TestFingerprint:
    def test_of_a_form_does_not_depend_on_its_boundary(self, rf: Any) -> None:
        def form(boundary: str, value: str) -> Any:
            body = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n{value}\r\n--{boundary}--\r\n'
            return rf.generic("POST", "/v1/voices", body, content_type=f"multipart/form-data; boundary={boundary}")

        fingerprint = idempotency._fingerprint
        assert fingerprint(form("xxxx", "1")) == fingerprint(form("yyyy", "1"))
        assert fingerprint(form("xxxx", "1")) != fingerprint(form("xxxx", "2"))
