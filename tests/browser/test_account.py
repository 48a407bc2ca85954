"""A member's own pages in a real browser: a second factor set up, listed, used and removed, with no
policy broken.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import second_factor
from accounts.models import Member
from tests.browser.conftest import Check, Console
from tests.fixtures.members import code_of
from tests.fixtures.organisations import PASSWORD, MakeMember


@pytest.fixture
def member(make_member: MakeMember) -> Member:
    return make_member()


def log_in(page: Page, live_server: LiveServer, member: Member) -> None:
    page.goto(f"{live_server.url}/account/login/")
    page.get_by_label("Email").fill(member.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()


def give_key(page: Page) -> None:
    """Put a security key into the machine that says yes to everything."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def set_up_app(page: Page) -> str:
    """Set up an authenticator app on the page that the first login leads to. Gives its secret."""
    secret = page.locator("#authenticator_secret").inner_text()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    return secret


class TestTheAuthenticatorApp:
    def test_is_set_up_at_the_first_login(
        self, page: Page, live_server: LiveServer, member: Member, sound_page: Check
    ) -> None:
        page.goto(f"{live_server.url}/account/login/")
        sound_page("account-login")
        log_in(page, live_server, member)

        expect(page.get_by_role("heading", level=1)).to_have_text("Set up your second factor")
        expect(page.get_by_role("img", name="QR code")).to_be_visible()
        sound_page("account-activate")
        set_up_app(page)

        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")
        sound_page("account-recovery-codes")
        assert second_factor.is_set_up(member)

    def test_leads_to_pages_without_a_fault(
        self, page: Page, live_server: LiveServer, member: Member, sound_page: Check
    ) -> None:
        log_in(page, live_server, member)
        set_up_app(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")

        for path in (
            "2fa/", "2fa/webauthn/", "2fa/webauthn/add/", "2fa/recovery-codes/generate/",
            "password/change/", "2fa/totp/deactivate/", "reauthenticate/", "logout/",
        ):  # fmt: skip
            page.goto(f"{live_server.url}/account/{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            sound_page(f"account-{path.replace('/', '-')}")

    def test_can_be_set_up_by_keyboard_alone(
        self, page: Page, live_server: LiveServer, member: Member
    ) -> None:
        page.goto(f"{live_server.url}/account/login/")
        page.get_by_label("Email").focus()
        page.keyboard.type(member.email)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Set up your second factor")
        secret = page.locator("#authenticator_secret").inner_text()

        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == "code":
                break
        page.keyboard.type(code_of(secret))
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")


class TestSecurityKeys:
    def test_are_added_listed_and_removed(
        self, page: Page, live_server: LiveServer, member: Member, sound_page: Check
    ) -> None:
        give_key(page)
        log_in(page, live_server, member)
        page.get_by_role("link", name="Use a security key instead").click()
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")
        assert second_factor.is_set_up(member)

        page.goto(f"{live_server.url}/account/2fa/webauthn/")
        expect(page.get_by_role("heading", name="Master key")).to_be_visible()
        sound_page("account-keys")
        page.get_by_role("link", name="Remove").click()
        page.get_by_role("button", name="Remove").click()

        expect(page.get_by_text("No security keys have been added.")).to_be_visible()
        assert not second_factor.is_set_up(member)

    def test_that_do_not_work_say_so_on_the_page(self, page: Page, live_server: LiveServer) -> None:
        numbered = live_server.url.replace("localhost", "127.0.0.1")
        page.goto(f"{numbered}/account/login/")

        page.get_by_role("button", name="Sign in with a passkey").click()

        expect(page.get_by_role("alert")).to_contain_text("need a name in the address")
        expect(page.get_by_role("alert").get_by_role("link")).to_have_attribute(
            "href", f"{live_server.url}/account/login/"
        )


class TestThePagesThatAreGone:
    def test_answer_with_our_own_page(
        self, page: Page, live_server: LiveServer, console: Console
    ) -> None:
        console.expect("404")
        for path in ("email/", "password/reset/", "signup/"):
            page.goto(f"{live_server.url}/account/{path}")
            expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
