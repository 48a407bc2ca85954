"""Edges of the API that people met elsewhere, each by the number of its case."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.contract.conftest import Answer, Sender, World, problem
from tests.core.test_pdf_paper import text_of
from tests.voices.conftest import AUDIOBOOK, grant_of

pytestmark = pytest.mark.django_db

LANGUAGES = {
    "43": [("no", "nb-NO", True), ("no", "nb", True), ("no", "no-NO", True), ("nb", "sv", False)],
    "44": [
        ("no", "nn", True),
        ("nb", "no", True),
        ("nb-NO", "no-NO", True),
        ("nn", "nb", False),
        ("da", "nb", False),
    ],
    "45": [("et", "ekk", True), ("sq", "als", True), ("zh", "cmn-CN", True), ("et", "vro", False)],
    "47": [("es-419", "es-MX", True), ("es-419", "es-ES", False), ("es-419", "es-419", True)],
    "60": [
        ("iw", "he", True),
        ("zh-Hans", "zh-CN", True),
        ("zh-Hant", "zh-CN", False),
        ("zh", "yue", False),
        ("pt-PT", "pt-BR", False),
        ("sr-Latn", "sr-RS", False),
        ("fil", "tl-PH", True),
        ("en-GB", "en-UK", True),
    ],
}
"""By case: what was granted, what a call asks for, and whether it is allowed."""
BROKEN_JSON = {
    "a lone surrogate": b'{"name":"A\\ud83d","email":"a@example.org"}',
    "a NUL": b'{"name":"A\\u0000","email":"a@example.org"}',
    "a key twice": b'{"name":"A","name":"B","email":"a@example.org"}',
    "no number": b'{"name":NaN,"email":"a@example.org"}',
}


def ask(http: Sender, name: str = "Ada Example", **changes: Any) -> Answer:
    """Ask a new person for a consent to audiobooks."""
    person = http.post("/v1/speakers", {"name": name, "email": "ada@example.org"}).json()["id"]
    body: dict[str, Any] = {"speaker": person, "grants": [grant_of()], **changes}
    return http.post(
        "/v1/consents", {**({} if "valid_until" in body else {"duration": "P1Y"}), **body}
    )


def sign(http: Sender, **changes: Any) -> str:
    """Return the id of a consent in force."""
    consent: str = ask(http, **changes).json()["id"]
    assert http.post(f"/v1/test/consents/{consent}/sign").status_code == 200
    return consent


def decide(http: Sender, consent: str, language: str = "en") -> dict[str, Any]:
    body = {"consent": consent, "action": "synthesize", "use_case": AUDIOBOOK, "characters": 10}
    answer = http.post("/v1/decisions", body | {"language": language})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR "])
def test_case_01_is_paid_once_however_the_scheme_is_spelt(
    http: Sender, anybody: Sender, world: World, scheme: str
) -> None:
    person = {"name": "Ada Example", "email": "ada@example.org"}
    for path, body in (("/v1/speakers", person), ("/v1/speech", world.speech())):
        headers = {"HTTP_AUTHORIZATION": f"{scheme} {http.secret}", "HTTP_IDEMPOTENCY_KEY": path}
        first, second = (anybody.post(path, body, **headers) for _ in range(2))

        assert first.status_code == second.status_code < 300
        assert second.content == first.content
        assert second.get("Sayso-Clip") == first.get("Sayso-Clip")
        assert second["Idempotent-Replayed"] == "true"


def test_case_38_the_page_names_hour_and_zone_of_its_end(http: Sender) -> None:
    page = Client().get(ask(http).json()["signing_url"]).content.decode()

    said = re.search(r"Decide by (.{0,60})", re.sub(r"<[^>]+>|\s+", " ", page))
    assert said
    assert re.search(r"\d{1,2}:\d{2} UTC", said.group(1))


@pytest.mark.parametrize(
    "written", ["2027-W52-3T00:00:00Z", "20271228T000000Z", "2027-363T00:00:00Z"]
)
def test_case_39_a_time_in_another_grammar_is_refused_with_an_example(
    http: Sender, written: str
) -> None:
    (fault,) = problem(ask(http, valid_until=written), 422)["errors"]

    assert fault["attr"] == "valid_until"
    assert "2027-11-20T00:00:00Z" in fault["detail"]


def test_case_41_the_receipt_names_the_zone_of_the_signature(http: Sender, tmp_path: Path) -> None:
    drawn = http.get(f"/v1/consents/{sign(http)}/receipt.pdf").content

    assert re.search(r"Signed on: .{0,40}\d\d:\d\d UTC", text_of(drawn, tmp_path))


@pytest.mark.parametrize("name", ["山田 太郎", "김예시", "王小明", "陳大文", "さくら ももこ"])
def test_case_42_the_receipt_brings_the_fonts_of_a_name(
    http: Sender, tmp_path: Path, name: str
) -> None:
    drawn = http.get(f"/v1/consents/{sign(http, name=name)}/receipt.pdf").content

    assert b"/FontFile" in drawn
    assert not re.search(rb"/Ordering\s*\((GB1|CNS1|Japan1|Korea1)\)", drawn)
    assert f"Person: {name}" in text_of(drawn, tmp_path)


@pytest.mark.parametrize("case", LANGUAGES)
def test_a_case_of_languages_is_covered_or_not(http: Sender, case: str) -> None:
    for granted, asked, allowed in LANGUAGES[case]:
        consent = sign(http, grants=[grant_of(languages=[granted])])

        assert decide(http, consent, asked)["allowed"] is allowed, (granted, asked)


@pytest.mark.parametrize("granted", ["zh", "ar", "hmn", "es-419", "pt-BR", "et", "de-AT"])
def test_cases_43_to_47_a_tag_that_covers_less_than_it_seems_is_told(
    http: Sender, granted: str
) -> None:
    warnings = ask(http, grants=[grant_of(languages=[granted])]).json()["warnings"]

    assert "language_covers_less" in {warning["code"] for warning in warnings}


def test_case_51_a_decision_ends_with_the_consent_that_it_rests_on(http: Sender) -> None:
    consent = sign(http, valid_until="2026-11-21T12:01:15Z")
    moved = http.post("/v1/test/clock", {"advance": "PT20S"}).json()["now"]

    decision = decide(http, consent)

    assert decision["allowed"]
    assert moved < decision["expires_at"] <= "2026-11-21T12:01:15Z"


@pytest.mark.parametrize("what", BROKEN_JSON)
def test_case_60_json_with_something_broken_is_refused(http: Sender, what: str) -> None:
    assert http.send("POST", "/v1/speakers", BROKEN_JSON[what]).status_code in {400, 422}
