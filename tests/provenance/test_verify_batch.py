"""`POST /v1/verify/batch`: many files with a key, each answered by its place, each counted."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from tests.fixtures.organisations import ClientOf, MakeKey, hold_minute
from tests.voices.conftest import (
    AUDIO,
    say,
)
from voices.models import Voice

PATH = "/v1/verify/batch"


def ask(client: APIClient, *files: bytes, field: str = "files", **headers: str) -> Any:
    uploads = [SimpleUploadedFile(f"{place}.wav", data) for place, data in enumerate(files)]
    return client.post(PATH, {field: uploads}, format="multipart", headers=headers)


@pytest.mark.usefixtures("reader")
class TestManyFiles:
    def test_are_answered_in_their_order(self, product: APIClient, voice: Voice) -> None:
        ours = say(product, voice, output={"codec": "wav"})
        foreign = (AUDIO / "librivox-austen-0880.wav").read_bytes()

        answer = ask(product, b"no audio", ours.content, foreign)

        found = [(row["index"], row["verdict"]) for row in answer.json()["data"]]
        assert (answer.status_code, found) == (
            200,
            [(0, "unreadable"), (1, "issued"), (2, "not_found")],
        )
        assert answer.json()["data"][1]["clip"]["id"] == ours["Sayso-Clip"]
        assert answer.json()["data"][1]["marks"][0]["clip"] == ours["Sayso-Clip"]

    def test_speak_the_callers_language(self, product: APIClient) -> None:
        assert (
            "Bytes" in ask(product, b"x", **{"Accept-Language": "de"}).json()["data"][0]["caveat"]
        )
        assert "bytes" in ask(product, b"x").json()["data"][0]["caveat"]


class TestLimits:
    @pytest.mark.parametrize(("count", "status"), [(0, 422), (1, 200), (20, 200), (21, 422)])
    def test_are_one_to_twenty_files(self, product: APIClient, count: int, status: int) -> None:
        assert ask(product, *[b"x"] * count).status_code == status

    def test_know_one_field(self, product: APIClient) -> None:
        assert ask(product, b"x", field="file").json()["errors"][0]["code"] == "unknown_field"

    def test_count_every_file(self, make_key: MakeKey, client_of: ClientOf) -> None:
        key = make_key(calls_per_minute=5)
        hold_minute(key)
        caller = client_of(key)

        first, second = ask(caller, *[b"x"] * 4), ask(caller, b"x", b"x")

        assert (first.status_code, first["RateLimit-Remaining"]) == (200, "1")
        assert (second.status_code, second.json()["code"]) == (429, "rate_limited")

    def test_are_the_keys_scopes(self, make_key: MakeKey, client_of: ClientOf) -> None:
        assert (
            ask(client_of(make_key(scopes=["clips:read"])), b"x").json()["code"] == "scope_missing"
        )

    def test_want_a_key(self, db: None) -> None:
        assert Client().post(PATH, {"files": SimpleUploadedFile("a.wav", b"x")}).status_code == 401
