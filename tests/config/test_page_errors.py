"""A page that fails leaves a line: the class of the error and its place, no message, no address of
the page.
"""

from __future__ import annotations

import json
import logging

import pytest
from django.test import Client

from core.json_logging import JsonLines
from provenance.web.views import home_page


class TestAPageThatFails:
    def test_is_logged_by_class_and_place_alone(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_arguments: object, **_more: object) -> None:
            raise ValueError("Ada Example <ada@example.org>")

        monkeypatch.setattr(home_page, "render", fail)
        client = Client(raise_request_exception=False)

        with caplog.at_level(logging.ERROR):
            answer = client.get("/?token=s3cret")

        assert answer.status_code == 500
        lines = [
            JsonLines().format(record)
            for record in caplog.records
            if record.name == "config.middleware.page_errors"
        ]
        told = json.loads(lines[0])
        assert len(lines) == 1
        assert (told["event"], told["exception"], told["route"]) == (
            "page failed",
            "ValueError",
            "",
        )
        assert told["where"][-1].startswith("tests.config.test_page_errors:")
        assert "ada@" not in lines[0]
        assert "s3cret" not in lines[0]
