"""Health and metrics over HTTP."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.once]


class TestHealth:
    def test_live_and_ready_and_version_answer(self, client: Client) -> None:
        answers = {
            path: client.get(f"/health/{path}").json() for path in ("live", "ready", "version")
        }

        assert answers["live"] == {"status": "ok"}
        assert answers["ready"]["parts"]["database"] == "ok"
        assert answers["version"]["name"] == "sayso"

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "192.0.2.1"])
    def test_metrics_without_a_token_are_not_there_for_anyone(
        self, client: Client, address: str
    ) -> None:
        assert client.get("/metrics", REMOTE_ADDR=address).status_code == 404
        assert (
            client.get("/metrics", REMOTE_ADDR=address, HTTP_AUTHORIZATION="Bearer ").status_code
            == 404
        )

    @pytest.mark.parametrize(
        ("header", "status"),
        [
            ("Bearer s3cret-token", 200), ("bearer s3cret-token", 200),
            ("BEARER  s3cret-token ", 200), ("s3cret-token", 404),
            ("Basic s3cret-token", 404), ("Bearer s3cret-toke", 404), ("Bearer ", 404), ("", 404),
        ],
    )  # fmt: skip
    def test_metrics_need_the_token(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, header: str, status: int
    ) -> None:
        monkeypatch.setenv("SAYSO_METRICS_TOKEN", "s3cret-token")

        answer = client.get("/metrics", HTTP_AUTHORIZATION=header)

        assert answer.status_code == status
        assert (b"sayso_requests_total" in answer.content) == (status == 200)


class TestRequests:
    def test_every_answer_names_its_request(self, client: Client) -> None:
        assert client.get("/health/live")["X-Request-Id"].startswith("req_")

    def test_unknown_v1_path_is_a_problem_document(self, client: Client) -> None:
        answer = client.get("/v1/nothing-here")

        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["request_id"] == answer["X-Request-Id"]
