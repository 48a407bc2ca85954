"""The verify page: a form that works without scripts, kind answers to everything, nothing kept."""

from __future__ import annotations

import hashlib
import html
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import Settings

from core import clock, web
from core.errors import Unavailable
from provenance import anonymous_rate_limit, verdict_text, verification
from provenance.verification import (
    ClipSummary,
    LayerEvidence,
    MarkSegment,
    Outcome,
    VerificationResult,
)
from tests.support.catalogs import translate

pytestmark = pytest.mark.django_db


@pytest.fixture
def anybody() -> Client:
    return Client(enforce_csrf_checks=True)


def upload(data: bytes, name: str = "clip.wav") -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile(name, data)}


def found(**changes: Any) -> ClipSummary:
    """A clip of Acme's, whose consent stands."""
    known: dict[str, Any] = {
        "id": "clp_" + "a" * 26, "issued_at": datetime(2026, 11, 21, 12, tzinfo=UTC),
        "organisation": "Acme", "consent_state": "active", "livemode": True,
    }  # fmt: skip
    return ClipSummary(**known | changes)


def answer_page(
    client: Client,
    patch: pytest.MonkeyPatch,
    verdict: VerificationResult,
    language: str,
    name: str = "clip.wav",
) -> str:
    """The page that shows this verdict on a file of one letter."""
    patch.setattr(verification, "verify", lambda data, **_asker: verdict)
    return client.post(
        "/verify", upload(b"x", name), HTTP_ACCEPT_LANGUAGE=language
    ).content.decode()


class TestTheForm:
    def test_needs_no_cookie_and_no_script(self, anybody: Client) -> None:
        response = anybody.get("/verify")
        page = response.content.decode()
        assert (response.status_code, len(response.cookies)) == (200, 0)
        (script,) = re.findall(r"<script([^>]*)>([^<]*)<", page)
        assert re.fullmatch(r' src="/static/sayso/verify\.[0-9a-f]{12}\.js" defer', script[0])
        assert script[1] == ""
        assert 'method="post" enctype="multipart/form-data"' in page

    @pytest.mark.parametrize(
        ("asked", "language"), [("de-AT,de;q=0.9", "de"), ("en", "en"), ("fr", "en")]
    )
    def test_speaks_the_readers_language(self, anybody: Client, asked: str, language: str) -> None:
        page = anybody.get("/verify", HTTP_ACCEPT_LANGUAGE=asked).content.decode()
        assert f'<html lang="{language}">' in page
        assert translate("Was this voice made here?", language) in page

    @pytest.mark.parametrize("method", ["put", "delete", "patch"])
    def test_takes_no_other_method(self, anybody: Client, method: str) -> None:
        assert getattr(anybody, method)("/verify").status_code == 405


class TestAnUpload:
    def test_of_no_file_is_told_so(self, anybody: Client) -> None:
        response = anybody.post("/verify", {})
        assert response.status_code == 422
        assert b"Choose a file first." in response.content

    def test_of_an_empty_file_is_told_so(self, anybody: Client) -> None:
        response = anybody.post("/verify", upload(b""))
        assert response.status_code == 422
        assert b"This file is empty" in response.content

    def test_over_the_limit_is_told_so(self, anybody: Client, settings: Settings) -> None:
        settings.SAYSO_MAX_UPLOAD_BYTES = 2**20
        response = anybody.post("/verify", upload(bytes(2**20 + 1)))
        assert response.status_code == 413
        assert b"larger than 1 MB" in response.content

    def test_far_over_the_limit_is_not_even_read(self, anybody: Client, settings: Settings) -> None:
        settings.SAYSO_MAX_UPLOAD_BYTES = 2**20
        body = {"file": SimpleUploadedFile("clip.wav", bytes(2**20 + 2**16))}
        assert anybody.post("/verify", body).status_code == 413

    @pytest.mark.parametrize(
        "data",
        [b"\x00", b"RIFF", b"not audio at all", b"#EXTM3U\n/etc/passwd\n", bytes(range(256)) * 40],
    )
    def test_of_something_else_is_unreadable(self, anybody: Client, data: bytes) -> None:
        response = anybody.post("/verify", upload(data))
        assert response.status_code == 200
        assert b"We could not listen to this file" in response.content

    def test_that_could_not_be_listened_to_is_told_what_to_do(self, anybody: Client) -> None:
        page = anybody.post("/verify", upload(b"words"), HTTP_ACCEPT_LANGUAGE="de").content.decode()
        assert translate(verdict_text.UNREADABLE["unknown_format"], "de") in page

    def test_leaves_nothing_behind(self, anybody: Client, data_folder: Path) -> None:
        before = sorted(data_folder.rglob("*"))
        anybody.post("/verify", upload(b"not audio at all"))
        assert sorted(data_folder.rglob("*")) == before

    def test_after_many_others_is_told_to_wait(self, anybody: Client) -> None:
        answers = [
            anybody.post("/verify", upload(b"no sound"))
            for _ in range(anonymous_rate_limit.A_MINUTE + 1)
        ]

        assert [answer.status_code for answer in answers[:-1]] == [
            200
        ] * anonymous_rate_limit.A_MINUTE
        assert answers[-1].status_code == 429
        assert "Many files have come from your connection" in answers[-1].content.decode()
        assert int(answers[-1]["Retry-After"]) >= 1

    def test_is_told_when_a_part_is_down(
        self, anybody: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(data: bytes, **_asker: str) -> VerificationResult:
            raise Unavailable("The decoder is down.")

        monkeypatch.setattr(verification, "verify", down)
        response = anybody.post("/verify", upload(b"x"))
        assert response.status_code == 503
        assert b"Nothing is wrong with yours" in response.content


class TestTheAnswer:
    @pytest.mark.parametrize("outcome", list(Outcome))
    @pytest.mark.parametrize("language", ["en", "de"])
    def test_has_its_own_page(
        self,
        anybody: Client,
        monkeypatch: pytest.MonkeyPatch,
        outcome: Outcome,
        language: str,
    ) -> None:
        clip = ClipSummary(
            id="clp_" + "a" * 26,
            issued_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
            organisation="Acme",
            consent_state="active",
            livemode=outcome is Outcome.ISSUED,
        )
        evidence = (LayerEvidence(layer="watermark", result="match"),)
        verdict = VerificationResult(outcome=outcome, clip=clip, evidence=evidence)
        monkeypatch.setattr(verification, "verify", lambda data, **_asker: verdict)
        page = anybody.post("/verify", upload(b"x"), HTTP_ACCEPT_LANGUAGE=language).content.decode()
        finding = verdict_text.FINDINGS[outcome]
        for part in (
            finding.title,
            *finding.proves_not,
            verdict_text.EVIDENCE["watermark.match"],
        ):
            assert translate(part, language) in page
        assert "Acme" in page
        assert (translate(verdict_text.TEST_DATA, language) in page) is (
            outcome is not Outcome.ISSUED
        )

    @pytest.mark.parametrize("language", ["en", "de"])
    def test_names_organisation_and_permission_of_each_of_several_clips(
        self, anybody: Client, monkeypatch: pytest.MonkeyPatch, language: str
    ) -> None:
        one, two = (
            found(),
            found(id="clp_" + "b" * 26, organisation="Bolt", consent_state="suspended"),
        )
        verdict = VerificationResult(outcome=Outcome.ALTERED, clip=one, evidence=(), others=(two,))
        page = answer_page(anybody, monkeypatch, verdict, language)
        for part in (
            one.id,
            two.id,
            "<dd><bdi>Acme</bdi></dd>",
            "<dd><bdi>Bolt</bdi></dd>",
            translate(verdict_text.CONSENT_STATES["active"], language),
            translate(verdict_text.CONSENT_STATES["suspended"], language),
        ):
            assert part in page
        assert translate("The clips in this file", language) in page

    @pytest.mark.parametrize("language", ["en", "de"])
    @pytest.mark.parametrize(
        "name", ["clip.wav", "Ana’s <b>clip.wav", "録音.wav", "x" * 900 + ".wav"]
    )
    def test_can_be_kept_with_file_hash_and_time(
        self, anybody: Client, monkeypatch: pytest.MonkeyPatch, name: str, language: str
    ) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 21, 12, 30, tzinfo=UTC))
        page = answer_page(
            anybody,
            monkeypatch,
            VerificationResult(outcome=Outcome.NOT_FOUND, clip=None, evidence=()),
            language,
            name,
        )
        assert html.escape(name)[:100] in page
        assert "<b>clip" not in page
        assert hashlib.sha256(b"x").hexdigest() in page
        assert web.format_moment(datetime(2026, 11, 21, 12, 30, tzinfo=UTC), language) in page
        assert "12:30 UTC" in page

    @pytest.mark.parametrize(
        ("seconds", "clips", "english", "german"),
        [
            (
                4.8,
                1,
                "4.8 seconds long. One clip was found in it.",
                "4,8 Sekunden lang ist. Darin wurde eine Aufnahme",
            ),
            (
                83.2,
                2,
                "1 min 23 s long. 2 clips were found in it.",
                "1 Min. 23 Sek. lang ist. Darin wurden 2 Aufnahmen",
            ),
        ],
    )
    def test_says_lengths_and_counts_as_people_do(
        self,
        anybody: Client,
        monkeypatch: pytest.MonkeyPatch,
        seconds: float,
        clips: int,
        english: str,
        german: str,
    ) -> None:
        heard = tuple(
            MarkSegment(start_s=0.0, end_s=2.0, clip_id="clp_" + letter * 26)
            for letter in "ab"[:clips]
        )
        verdict = VerificationResult(
            outcome=Outcome.ALTERED, clip=found(), evidence=(), stretches=heard, seconds=seconds
        )
        assert english in answer_page(anybody, monkeypatch, verdict, "en")
        assert german in answer_page(anybody, monkeypatch, verdict, "de")

    def test_of_an_erased_clip_says_only_that_it_was_made_here(
        self, anybody: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verdict = VerificationResult(outcome=Outcome.WITHDRAWN, clip=None, evidence=())
        monkeypatch.setattr(verification, "verify", lambda data, **_asker: verdict)
        page = anybody.post("/verify", upload(b"x")).content.decode()
        assert "We can only say that it was made here" in page


class TestTheFirstPage:
    @pytest.mark.parametrize("language", ["en", "de"])
    def test_leads_to_the_doors(self, anybody: Client, language: str) -> None:
        page = anybody.get("/", HTTP_ACCEPT_LANGUAGE=language).content.decode()
        assert all(f'href="{door}"' in page for door in ("/verify", "/docs/", "/admin/"))

    def test_has_an_icon(self, anybody: Client) -> None:
        assert re.fullmatch(
            r"/static/sayso/mark\.[0-9a-f]{12}\.svg", anybody.get("/favicon.ico")["Location"]
        )


class TestPagesForErrors:
    @pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html", "503.html"])
    def test_need_nothing_to_be_shown(self, name: str) -> None:
        assert "<h1>" in render_to_string(name)

    def test_come_for_unknown_addresses(self, anybody: Client) -> None:
        response = anybody.get("/nothing/here")
        assert response.status_code == 404
        assert b"There is nothing here" in response.content
