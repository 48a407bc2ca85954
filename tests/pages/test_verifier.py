"""`/verify.py`: the program for anyone who has a receipt and no bundle."""

from __future__ import annotations

import hashlib

import pytest
from django.test import Client

from provenance.verifier import build

pytestmark = pytest.mark.django_db


class TestTheProgram:
    def test_is_given_to_anyone_and_may_be_cached(self) -> None:
        answer = Client().get("/verify.py")

        assert (answer.status_code, answer.content) == (200, build.build_program())
        assert (answer["Content-Type"], answer["Cache-Control"]) == (
            "text/x-python; charset=utf-8", "public, max-age=3600",
        )  # fmt: skip
        assert Client().get("/verify.py", HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304

    @pytest.mark.parametrize("language", ["en", "de"])
    def test_is_named_with_its_hash_on_the_page(self, language: str) -> None:
        page = Client().get("/verify", HTTP_ACCEPT_LANGUAGE=language).content.decode()

        assert hashlib.sha256(Client().get("/verify.py").content).hexdigest() in page
        assert 'href="/verify.py"' in page

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_takes_nothing(self, method: str) -> None:
        assert getattr(Client(enforce_csrf_checks=True), method)("/verify.py").status_code == 405
