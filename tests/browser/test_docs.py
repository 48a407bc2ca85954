"""The pages for engineers in a real browser: the API browser under its content policy, and the
problem codes.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import Check, Console


class TestTheDocs:
    def test_show_every_operation_and_its_schemas(
        self, page: Page, live_server: LiveServer
    ) -> None:
        page.goto(f"{live_server.url}/docs/")
        expect(page.get_by_role("heading", name="Sayso")).to_be_visible()
        speech = page.locator("#operations-Speech-speech_create")
        speech.get_by_role("button").first.click()
        expect(speech.get_by_text("Sayso-Content-Sha256")).to_be_visible()
        expect(page.locator(".opblock")).to_have_count(len(page.locator(".opblock").all()))
        assert page.locator(".opblock").count() > 45

    def test_let_an_engineer_try_a_call_without_a_key(
        self, page: Page, live_server: LiveServer, console: Console
    ) -> None:
        console.expect("401")
        page.goto(f"{live_server.url}/docs/")
        speakers = page.locator("#operations-Speakers-speakers_list")
        speakers.get_by_role("button").first.click()
        speakers.get_by_role("button", name="Try it out").click()
        speakers.get_by_role("button", name="Execute").click()
        expect(speakers.get_by_text('"unauthenticated"').first).to_be_visible()

    def test_load_nothing_from_elsewhere(self, page: Page, live_server: LiveServer) -> None:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{live_server.url}/docs/")
        expect(page.locator("#operations-Verification-verify")).to_be_visible()
        assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []


class TestTheProblemCodes:
    def test_list_is_sound_and_leads_to_a_code(
        self, page: Page, live_server: LiveServer, sound_page: Check
    ) -> None:
        page.goto(f"{live_server.url}/problems/")
        sound_page("problems")
        page.get_by_role("link", name="consent_denied").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("consent_denied")
        sound_page("problem")

    def test_unknown_code_has_no_page(
        self, page: Page, live_server: LiveServer, console: Console
    ) -> None:
        console.expect("404")
        page.goto(f"{live_server.url}/problems/no_such_code")
        expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
