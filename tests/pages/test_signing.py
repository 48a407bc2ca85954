"""The signing page: what it asks, what it takes, what it refuses."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from consent import sealed_reasons
from consent.lifecycle.consent_requests import ConsentRequest
from consent.models import Evidence
from core import clock
from tests.fixtures.consents import AUDIOBOOKS, MakeRequest
from tests.support.signing_pages import (
    answer,
    grants_of,
    page_of,
    path_of,
    send,
    sign,
    state_of,
    text_of,
)
from vault import blobs

pytestmark = pytest.mark.django_db


class TestTheRequest:
    def test_says_who_asks_for_what_and_for_how_long(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        text = text_of(visitor.get(path_of(asked)))
        for part in (
            "Acme asks for your voice",
            "The Lighthouse",
            "German",
            "Never for",
            "100",
            "You are free to say no",
        ):
            assert part in text

    def test_has_a_box_for_each_purpose_and_none_is_ticked(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        page = visitor.get(path_of(asked)).content.decode()
        assert page.count('name="ticked"') == 2
        assert "checked" not in page

    def test_shows_the_whole_notice_with_its_version(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        text = text_of(visitor.get(path_of(asked)))
        version = asked.consent.notice_version
        for section in version.body["sections"]:
            assert section["title"] in text
        assert (
            f"Version {version.version}, in English. Fingerprint of this text: "
            f"{version.sha256[:12]}" in text
        )

    def test_speaks_the_language_of_the_consent(
        self, visitor: Client, make_request: MakeRequest
    ) -> None:
        german = make_request(locale="de", at=clock.now())
        page = visitor.get(path_of(german), HTTP_ACCEPT_LANGUAGE="en").content.decode()
        assert '<html lang="de">' in page
        assert "Ich sage Nein" in page

    def test_marks_test_data_as_such(self, visitor: Client, asked: ConsentRequest) -> None:
        assert "This is test data" in text_of(visitor.get(path_of(asked)))

    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("Referrer-Policy", "strict-origin"),
            ("Cache-Control", "no-store"),
            ("X-Frame-Options", "DENY"),
            ("X-Robots-Tag", "noindex"),
        ],
    )
    def test_keeps_its_address_to_itself(
        self, visitor: Client, asked: ConsentRequest, header: str, value: str
    ) -> None:
        assert visitor.get(path_of(asked))[header] == value

    def test_allows_no_script_and_no_style_in_the_page(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        response = visitor.get(path_of(asked))
        assert "default-src 'self'" in response["Content-Security-Policy"]
        assert "unsafe" not in response["Content-Security-Policy"]
        assert not re.search(r"<script|<style|style=|onclick=", response.content.decode())

    def test_shows_what_people_wrote_as_text(
        self, visitor: Client, make_request: MakeRequest
    ) -> None:
        nasty = {
            **AUDIOBOOKS,
            "intended_uses": "Reading <script>alert(1)</script> aloud, unabridged.",
        }
        page = visitor.get(path_of(make_request(grants=(nasty,), at=clock.now()))).content.decode()
        assert "<script" not in page
        assert "&lt;script&gt;" in page


class TestSigning:
    def test_makes_the_consent_active(self, visitor: Client, asked: ConsentRequest) -> None:
        response = sign(visitor, asked)
        assert (response.status_code, response["Location"]) == (303, path_of(asked))
        assert state_of(asked) == "active"

    def test_takes_one_purpose_without_the_other(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        first, second = grants_of(asked)
        send(visitor, asked, answer(second))
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.declined_at is None, second.declined_at is None) == (False, True)

    def test_keeps_what_was_shown_and_answered_as_evidence(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        send(visitor, asked, answer(*grants_of(asked), advice="union"), agent="Browser/1")
        kept = json.loads(blobs.get_blob(Evidence.objects.get(consent=asked.consent).blob))
        assert (kept["name_typed"], kept["advice"]) == ("Ada Example", "union")
        assert "Browser/1" not in json.dumps(kept)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"ticked": []}, "Tick at least one purpose"),
            ({"ticked": ["grt_" + "a" * 26]}, "The request has changed"),
            ({"name_typed": ""}, "Type your full name"),
            ({"name_typed": "Somebody Else"}, "not the name in the request"),
            ({"advice": ""}, "Say whether you are advised"),
            ({"advice": "my cat"}, "Say whether you are advised"),
        ],
    )
    def test_is_refused_by_the_server_too(
        self, visitor: Client, asked: ConsentRequest, change: dict[str, object], says: str
    ) -> None:
        response = send(visitor, asked, {**answer(*grants_of(asked)), **change})
        assert (response.status_code, state_of(asked)) == (422, "requested")
        assert says in text_of(response)

    def test_says_everything_that_is_missing_at_once(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        page = send(visitor, asked, {}).content.decode()
        assert [f'href="#{field}"' in page for field in ("ticked", "advice", "name_typed")] == [
            True
        ] * 3

    def test_keeps_what_was_entered_when_something_is_missing(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        first, _ = grants_of(asked)
        page = send(visitor, asked, answer(first, name="Ada")).content.decode()
        assert 'value="Ada"' in page
        assert page.count(" checked") == 2  # the purpose and the answer about advice

    @pytest.mark.parametrize("move", ["", "/decline", "/withdraw"])
    @pytest.mark.parametrize("header", ["Origin", "Referer"])
    @pytest.mark.parametrize(
        "site", ["https://evil.example", "null", "http://testserver.evil.example", "//testserver"]
    )
    def test_takes_no_form_from_another_site(
        self, visitor: Client, asked: ConsentRequest, move: str, header: str, site: str
    ) -> None:
        filled = {**page_of(visitor, asked), **answer(*grants_of(asked))}
        assert (
            visitor.post(path_of(asked) + move, filled, headers={header: site}).status_code == 403
        )
        assert state_of(asked) == "requested"

    @pytest.mark.parametrize("move", ["", "/decline", "/withdraw"])
    @pytest.mark.parametrize("said", ["cross-site", "same-site", "Cross-Site"])
    def test_takes_no_form_that_the_browser_calls_another_sites(
        self, visitor: Client, asked: ConsentRequest, move: str, said: str
    ) -> None:
        filled = {**page_of(visitor, asked), **answer(*grants_of(asked))}
        assert (
            visitor.post(
                path_of(asked) + move, filled, headers={"Sec-Fetch-Site": said}
            ).status_code
            == 403
        )
        assert state_of(asked) == "requested"

    @pytest.mark.parametrize(
        "header", [{"Origin": ""}, {"Referer": ""}, {"Origin": "", "Referer": "http://testserver/"}]
    )
    def test_takes_no_form_whose_origin_is_empty(
        self, visitor: Client, asked: ConsentRequest, header: dict[str, str]
    ) -> None:
        assert visitor.post(f"{path_of(asked)}/decline", headers=header).status_code == 403
        assert state_of(asked) == "requested"

    @pytest.mark.parametrize("site", ["same-origin", "none"])
    def test_takes_a_form_by_its_referer_where_the_origin_is_missing(
        self, asked: ConsentRequest, site: str
    ) -> None:
        browser = Client(enforce_csrf_checks=True)
        headers = {"Referer": f"http://testserver{path_of(asked)}", "Sec-Fetch-Site": site}
        assert browser.post(f"{path_of(asked)}/decline", headers=headers).status_code == 303
        assert (state_of(asked), dict(browser.cookies)) == ("declined", {})

    def test_needs_no_cookie(self, asked: ConsentRequest) -> None:
        browser = Client(enforce_csrf_checks=True, HTTP_ORIGIN="http://testserver")
        browser.get(path_of(asked))
        browser.cookies.clear()
        sign(browser, asked)
        assert state_of(asked) == "active"

    def test_never_writes_the_link_into_a_log(
        self, asked: ConsentRequest, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        forger = Client(enforce_csrf_checks=True)
        for move in ("", "/decline", "/nothing"):
            forger.post(path_of(asked) + move, {})
            forger.get(path_of(asked) + move)
        assert path_of(asked).rpartition("/")[2] not in caplog.text

    def test_twice_signs_once(self, visitor: Client, asked: ConsentRequest) -> None:
        sign(visitor, asked)
        assert "You have signed" in text_of(visitor.post(path_of(asked), answer(*grants_of(asked))))
        assert Evidence.objects.filter(consent=asked.consent).count() == 1

    def test_survives_enormous_and_odd_input(self, visitor: Client, asked: ConsentRequest) -> None:
        odd = {
            "ticked": ["x" * 500] * 300,
            "name_typed": "A" * 10_000 + "\x00",
            "advice": "\x00" * 100,
        }
        assert visitor.post(path_of(asked), odd).status_code == 422
        assert state_of(asked) == "requested"


class TestSayingNo:
    def test_ends_the_request(self, visitor: Client, asked: ConsentRequest) -> None:
        visitor.post(f"{path_of(asked)}/decline", {"reason": "I would rather not."})
        assert state_of(asked) == "declined"

    def test_needs_no_reason(self, visitor: Client, asked: ConsentRequest) -> None:
        visitor.post(f"{path_of(asked)}/decline")
        assert state_of(asked) == "declined"

    def test_keeps_words_that_turn_and_hide_nothing(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        said = "No,\r\n\u202eelpoep\x00 know\u2067 me."
        visitor.post(f"{path_of(asked)}/decline", {"reason": said})
        (kept,) = sealed_reasons.list_reasons(asked.consent, opened=True)
        assert (kept.words, state_of(asked)) == ("No,\nelpoep know me.", "declined")

    def test_comes_too_late_after_signing(self, visitor: Client, asked: ConsentRequest) -> None:
        sign(visitor, asked)
        visitor.post(f"{path_of(asked)}/decline")
        assert state_of(asked) == "active"

    def test_cannot_be_done_by_opening_a_link(self, visitor: Client, asked: ConsentRequest) -> None:
        assert visitor.get(f"{path_of(asked)}/decline").status_code == 303
        assert state_of(asked) == "requested"
