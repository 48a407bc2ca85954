"""The public pages in a real browser: the first page and the pages for errors."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import Check, Console


class TestTheFirstPage:
    def test_is_sound_and_leads_to_verify(
        self, page: Page, live_server: LiveServer, sound_page: Check
    ) -> None:
        page.goto(live_server.url)
        sound_page("front")
        page.get_by_role("link", name="Check a clip").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Was this voice made here?")


class TestErrors:
    def test_unknown_address(
        self, page: Page, live_server: LiveServer, sound_page: Check, console: Console
    ) -> None:
        console.expect("404")
        page.goto(f"{live_server.url}/nothing/here")
        expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
        sound_page("404")
