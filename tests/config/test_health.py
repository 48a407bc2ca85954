"""Health and metrics over HTTP."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


class TestHealth:
    def test_live_and_ready_and_version_answer(self, client: Client) -> None:
        answers = {path: client.get(f"/health/{path}").json() for path in ("live", "ready", "version")}

        assert answers["live"] == {"status": "ok"}
        assert answers["ready"]["parts"]["database"] == "ok"
        assert answers["version"]["name"] == "sayso"

    def test_metrics_are_for_loopback(self, client: Client) -> None:
        assert b"sayso_requests_total" in client.get("/metrics").content
        assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404
        assert client.get("/metrics", HTTP_X_FORWARDED_FOR="192.0.2.1").status_code == 404

    def test_metrics_with_a_token_need_it(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SAYSO_METRICS_TOKEN", "s3cret-token")

        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer s3cret-token").status_code == 200


class TestRequests:
    def test_every_answer_names_its_request(self, client: Client) -> None:
        assert client.get("/health/live")["X-Request-Id"].startswith("req_")

    def test_unknown_v1_path_is_a_problem_document(self, client: Client) -> None:
        answer = client.get("/v1/nothing-here")

        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["request_id"] == answer["X-Request-Id"]
