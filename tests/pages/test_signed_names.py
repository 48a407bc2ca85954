"""Names on the signing page: a person signs however their own name is typed, another name is
refused, and what was typed is kept (C28 to C33).
"""

from __future__ import annotations

import json
import unicodedata

import pytest
from django.test import Client

from consent.models import Evidence
from core import clock
from tests.fixtures.consents import MakeRequest, MakeSpeaker
from tests.support.signing_pages import answer, grants_of, path_of, send, state_of
from vault import blobs

pytestmark = pytest.mark.django_db

SIGNS = [
    pytest.param("Maeve O'Example", "Maeve O\u2019Example", id="28 curly typed"),
    pytest.param("Maeve O\u2019Example", "Maeve O'Example", id="28 curly kept"),
    ("Anne\u2011Marie Example", "Anne-Marie Example"),
    pytest.param("Ada\u200b Example", "Ada Example", id="30 zero-width space"),
    pytest.param("\ufeffAda Example", "Ada Example", id="30 byte-order mark"),
    ("Ada Example", "Ada\u2060 Example"),
    pytest.param("Ada Exam\u00adple", "Ada Example", id="31 soft hyphen"),
    pytest.param("דנה דוגמה\u200f", "דנה דוגמה", id="31 mark of direction"),
    pytest.param("علی\u200cرضا نمونه", "علیرضا نمونه", id="31 joiner left out"),
    ("علی\u200cرضا نمونه", "علی رضا نمونه"),
    ("علي كاظمي", "علی کاظمی"),
    pytest.param("I\u015eIK \u00d6RNEK", "I\u015f\u0131k \u00d6rnek", id="32 capitals kept"),
    pytest.param("Y\u0131ld\u0131z \u00d6rnek", "YILDIZ \u00d6RNEK", id="32 capitals typed"),
    ("山田\u3000太郎", "山田 太郎"),
    ("山田 太郎", "山田太郎"),
    ("김 철수", "김철수"),
    ("Ngữ " * 40, "Ngu\u031b\u0303 " * 40),
]  # fmt: skip
REFUSED = [
    pytest.param("Maeve O'Example", "Maeve Example", id="28 another name"),
    pytest.param("Ada\u200b Example", "Ad Example", id="30 another name"),
    ("かとう", "がとう"),
    ("山田太郎", "山田次郎"),
]


class TestAName:
    @pytest.mark.parametrize(("kept", "typed"), SIGNS)
    def test_signs_in_another_spelling_and_is_kept_as_typed(
        self,
        visitor: Client,
        make_speaker: MakeSpeaker,
        make_request: MakeRequest,
        kept: str,
        typed: str,
    ) -> None:
        request = make_request(speaker=make_speaker(name=kept), at=clock.now())

        send(visitor, request, answer(*grants_of(request), name=typed))

        assert state_of(request) == "active"
        page = json.loads(blobs.get_blob(Evidence.objects.get(consent=request.consent).blob))
        assert page["name_typed"] == unicodedata.normalize("NFC", typed.strip())
        assert page["person"]["name"] == kept

    @pytest.mark.parametrize(("kept", "typed"), REFUSED)
    def test_that_differs_by_a_letter_is_refused(
        self,
        visitor: Client,
        make_speaker: MakeSpeaker,
        make_request: MakeRequest,
        kept: str,
        typed: str,
    ) -> None:
        request = make_request(speaker=make_speaker(name=kept), at=clock.now())

        page = send(visitor, request, answer(*grants_of(request), name=typed))

        assert (page.status_code, state_of(request)) == (422, "requested")
        assert f"Type it as it stands there: <bdi>{kept}" in page.content.decode().replace(
            "&#x27;", "'"
        )

    def test_is_isolated_wherever_the_page_shows_it(
        self, visitor: Client, make_speaker: MakeSpeaker, make_request: MakeRequest
    ) -> None:
        name = "דנה (2"
        request = make_request(speaker=make_speaker(name=name), at=clock.now())

        for page in (
            visitor.get(path_of(request)),
            send(visitor, request, answer(*grants_of(request), name="Ben")),
        ):
            text = page.content.decode()
            assert text.count(name) == text.count(f"<bdi>{name}</bdi>") > 0
