"""A person signs, declines and stops in a real browser, on a phone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from consent import services
from consent.lifecycle import transitions
from consent.lifecycle.consent_requests import ConsentRequest
from consent.models import Consent
from core import clock
from tests.browser.conftest import FLAGS, Check, Console
from tests.fixtures.consents import AUDIOBOOKS, MUSEUM, MakeRequest
from tests.support import servers

BLOCK = 2  # Chromium's content setting
CONTACT = {"email": "voices@acme.example", "address": "1 Harbour Street, Hamburg"}


@pytest.fixture
def asked(make_request: MakeRequest) -> ConsentRequest:
    return with_contact(
        make_request(grants=(AUDIOBOOKS, {**MUSEUM, "territories": ["*"]}), at=clock.now())
    )


def with_contact(request: ConsentRequest) -> ConsentRequest:
    organisation = request.consent.organisation
    organisation.contact = CONTACT
    organisation.save(update_fields=["contact"])
    return request


def open_link(page: Page, live_server: LiveServer, request: ConsentRequest) -> None:
    page.goto(f"{live_server.url}/sign/{(request.signing_url or '').rpartition('/')[2]}")


def row_of(request: ConsentRequest) -> Consent:
    return Consent.objects.get(id=request.consent.id)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the control has the focus, as someone without a mouse does."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never reaches {selector}")


def sign(page: Page) -> None:
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_label("No, I decide on my own").check()
    page.get_by_label("Your full name").fill("ada example")
    page.get_by_role("button", name="Sign and agree").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have signed")


class TestSigning:
    def test_shows_a_sound_page_with_nothing_ticked(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest, sound_page: Check
    ) -> None:
        open_link(page, live_server, asked)
        expect(page.get_by_role("heading", level=1)).to_have_text("Acme asks for your voice")
        assert [box.is_checked() for box in page.get_by_role("checkbox").all()] == [False, False]
        assert page.locator("input:checked").count() == 0
        sound_page("sign")

    def test_leaves_room_below_each_purpose_that_cannot_be_ticked(
        self, page: Page, live_server: LiveServer, make_request: MakeRequest, sound_page: Check
    ) -> None:
        asked = make_request(
            grants=(AUDIOBOOKS, {**MUSEUM, "territories": ["*"]}), at=clock.now(), assurance="L2"
        )
        open_link(page, live_server, with_contact(asked))

        rooms = page.locator(".purpose").evaluate_all(
            "cards => cards.map(card => card.getBoundingClientRect().bottom"
            " - card.lastElementChild.getBoundingClientRect().bottom)"
        )

        assert len(rooms) == 2
        assert min(rooms) >= 12
        sound_page("sign-higher-level")

    def test_opens_the_notice_in_one_tap(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest, sound_page: Check
    ) -> None:
        open_link(page, live_server, asked)
        page.get_by_text("Your voice, made by a computer").click()
        expect(page.get_by_role("heading", name="You can stop it at any time")).to_be_visible()
        sound_page("sign-notice")

    def test_works_from_the_first_look_to_the_receipt(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest, sound_page: Check
    ) -> None:
        open_link(page, live_server, asked)
        sign(page)
        assert row_of(asked).state == "active"
        sound_page("signed")
        with page.expect_download() as download:
            page.get_by_role("link", name="Copy to read").click()
        assert download.value.suggested_filename.endswith(".receipt.pdf")

    def test_works_with_the_keyboard_alone(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest
    ) -> None:
        open_link(page, live_server, asked)
        first = asked.consent.grants.get(position=0)
        tab_to(page, f'input[value="{first.id}"]')
        page.keyboard.press("Space")
        tab_to(page, 'input[name="advice"]')
        page.keyboard.press("Space")
        tab_to(page, "#name_typed")
        page.keyboard.type("Ada Example")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("You have signed")
        assert row_of(asked).grants.filter(declined_at=None).get() == first

    def test_does_not_happen_without_a_name(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest
    ) -> None:
        open_link(page, live_server, asked)
        page.get_by_role("checkbox").first.check()
        page.get_by_label("No, I decide on my own").check()
        page.get_by_role("button", name="Sign and agree").click()
        assert page.evaluate("document.activeElement.id") == "name_typed"
        assert row_of(asked).state == "requested"

    def test_is_refused_by_the_server_when_the_browsers_checks_are_off(
        self,
        page: Page,
        live_server: LiveServer,
        asked: ConsentRequest,
        sound_page: Check,
        console: Console,
    ) -> None:
        console.expect("422")
        open_link(page, live_server, asked)
        page.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
        page.get_by_role("button", name="Sign and agree").click()
        alert = page.get_by_role("alert")
        for missing in (
            "Tick at least one purpose",
            "Say whether you are advised",
            "Type your full name",
        ):
            expect(alert).to_contain_text(missing)
        assert row_of(asked).state == "requested"
        sound_page("sign-missing")

    def test_speaks_german(
        self, page: Page, live_server: LiveServer, make_request: MakeRequest, sound_page: Check
    ) -> None:
        open_link(page, live_server, with_contact(make_request(locale="de", at=clock.now())))
        expect(page.get_by_role("heading", level=1)).to_have_text("Acme bittet um Ihre Stimme")
        assert page.locator("html").get_attribute("lang") == "de"
        sound_page("sign-de")


class TestSayingNo:
    def test_takes_one_button_and_may_have_a_reason(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest, sound_page: Check
    ) -> None:
        open_link(page, live_server, asked)
        page.get_by_label("Reason").fill("I would rather not.")
        page.get_by_role("button", name="I say no").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You said no")
        assert row_of(asked).state == "declined"
        sound_page("declined")

    def test_is_open_to_the_wrong_person(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest
    ) -> None:
        open_link(page, live_server, asked)
        page.get_by_text("This is not meant for me").click()
        page.get_by_role("button", name="I am not this person").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for telling us")


class TestStopping:
    def test_takes_one_step_on_the_page_of_the_link(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest, sound_page: Check
    ) -> None:
        open_link(page, live_server, asked)
        sign(page)
        page.get_by_role("button", name="Withdraw my consent now").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You have stopped it")
        assert row_of(asked).state == "withdrawn"
        sound_page("withdrawn")


class TestOtherEnds:
    def test_run_out(
        self, page: Page, live_server: LiveServer, make_request: MakeRequest, sound_page: Check
    ) -> None:
        open_link(
            page, live_server, with_contact(make_request(at=clock.now() - timedelta(days=15)))
        )
        expect(page.get_by_role("heading", level=1)).to_have_text("This link has run out")
        expect(page.get_by_text("voices@acme.example")).to_be_visible()
        sound_page("lapsed")

    def test_expired(
        self, page: Page, live_server: LiveServer, make_request: MakeRequest, sound_page: Check
    ) -> None:
        old = make_request(at=clock.now() - timedelta(days=13), duration="P7D")
        signed_at = clock.now() - timedelta(days=12)
        services.sign_as_test(
            old.consent.id, organisation_id=old.consent.organisation_id, actor="t", at=signed_at
        )
        open_link(page, live_server, old)
        expect(page.get_by_role("heading", level=1)).to_have_text("This has ended on its date")
        sound_page("expired")

    def test_invalidated(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest, sound_page: Check
    ) -> None:
        open_link(page, live_server, asked)
        sign(page)
        row = asked.consent
        transitions.withdraw_consent(
            row.id,
            organisation_id=row.organisation_id,
            livemode=row.livemode,
            reason="ordered_by_authority",
            actor="key:k",
            at=clock.now(),
        )
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("Declared invalid")
        sound_page("invalidated")

    def test_unknown(
        self, page: Page, live_server: LiveServer, sound_page: Check, console: Console
    ) -> None:
        console.expect("404")
        page.goto(f"{live_server.url}/sign/nothing")
        expect(page.get_by_role("heading", level=1)).to_have_text("We do not know this link")
        sound_page("unknown")


class TestWithCookiesBlocked:
    @pytest.fixture
    def page(self, browser: Browser, tmp_path: Path) -> Iterator[Page]:
        """A browser that takes no cookie from anywhere."""
        (tmp_path / "Default").mkdir()
        wanted = {"profile": {"default_content_setting_values": {"cookies": BLOCK}}}
        (tmp_path / "Default" / "Preferences").write_text(json.dumps(wanted), encoding="utf-8")
        program, flags = (
            servers.chromium(),
            [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        )
        context = browser.browser_type.launch_persistent_context(
            tmp_path, executable_path=program, args=flags
        )
        yield context.new_page()
        context.close()

    def test_a_person_signs_and_stops(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest
    ) -> None:
        open_link(page, live_server, asked)
        page.evaluate("document.cookie = 'taken=yes'")
        assert page.evaluate("document.cookie") == ""
        sign(page)
        assert row_of(asked).state == "active"
        page.get_by_role("button", name="Withdraw my consent now").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You have stopped it")
        assert page.context.cookies() == []

    def test_a_person_says_no(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest
    ) -> None:
        open_link(page, live_server, asked)
        page.get_by_role("button", name="I say no").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You said no")
        assert row_of(asked).state == "declined"
