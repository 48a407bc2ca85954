"""The admin in a real browser: what the theme leaves out for phones, keyboards and readers."""

from __future__ import annotations

from django.conf import settings
from django.contrib.admin.utils import quote
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Member
from tests.browser.conftest import Check
from tests.browser.test_signing import tab_to
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from voices.models import Voice


def open_page(
    page: Page, live_server: LiveServer, path: str, member: Member, *, second_factor: bool = True
) -> None:
    session = logged_in(member, second_factor=second_factor).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies(
        [{"name": session.key, "value": session.value, "url": live_server.url}]
    )
    page.goto(f"{live_server.url}/admin/{path}")


class TestTheRecordingsToReview:
    def test_are_refused_on_a_phone_by_keyboard_alone(
        self,
        page: Page,
        live_server: LiveServer,
        waiting: Voice,
        make_member: MakeMember,
        sound_page: Check,
    ) -> None:
        path = f"voices/recordingreview/{quote(waiting.id)}/change/"
        open_page(page, live_server, path, make_member())
        expect(page.locator("audio")).to_have_attribute("aria-label", "Recording 1")
        sound_page("admin-review")

        page.reload()
        tab_to(page, ".skip")
        tab_to(page, '[aria-label="Menu"]')
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Consents")).to_be_visible()
        page.reload()
        tab_to(page, '[aria-label="Actions"]')
        page.keyboard.press("Space")
        tab_to(page, 'a[href$="/refuse/"]')
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Refuse the recordings")).to_be_visible()
        tab_to(page, "textarea")
        page.keyboard.type("Not the person who signed.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.get_by_text("The recordings are deleted.")).to_be_visible()
        assert not waiting.samples.exists()


class TestAnEmptyList:
    def test_says_why_and_promises_nothing(
        self, page: Page, live_server: LiveServer, make_member: MakeMember, sound_page: Check
    ) -> None:
        open_page(page, live_server, "voices/voicereview/", make_member())
        expect(page.get_by_text("There are no rows, or none that you may see.")).to_be_visible()
        sound_page("admin-empty")

        page.goto(f"{page.url}?state__exact=open")
        page.get_by_role("link", name="Clear search and filters").click()
        expect(page.get_by_text("There are no rows, or none that you may see.")).to_be_visible()


class TestTheHead:
    def test_shows_its_title_beside_the_label_on_a_phone(
        self, page: Page, live_server: LiveServer, make_member: MakeMember, sound_page: Check
    ) -> None:
        open_page(page, live_server, "consent/consent/", make_member(), second_factor=False)
        sound_page("admin-list")

        title = page.get_by_role("heading", level=1).bounding_box()
        label = page.get_by_text("Test data only").bounding_box()
        assert title
        assert label
        assert title["y"] + title["height"] <= label["y"]
