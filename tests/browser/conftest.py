"""Debian's own Chromium, a console that must stay quiet, axe, and pages that must not scroll
sideways.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.conftest import NOON
from tests.support import servers
from tests.voices.conftest import AUDIO, MakeConsent, voice_of
from voices import voice_rows
from voices.models import Voice, VoiceState

# Playwright's sync API keeps an event loop running in the test's thread, which Django takes for an
# async context; without this every query in a test is refused.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What the dark colours can change; everything else is the same page.
RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"]
PHONE, DESK = 390, 1280


class Check(Protocol):
    def __call__(self, name: str) -> None: ...


class Console(Protocol):
    def expect(self, pattern: str) -> None: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs Chromium, and a database that its server can see."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; each gets a profile of its own from `page`."""
    program = servers.chromium()
    if not program:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else [*FLAGS]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone in the hands of someone who reads English."""
    # Without motion: a colour in the middle of a transition is none that anyone reads.
    context = browser.new_context(
        viewport={"width": PHONE, "height": 844},
        locale="en-GB",
        reduced_motion="reduce",
        accept_downloads=True,
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


class _Heard:
    """What the console said, but for what a test expects: Chromium reports every 4xx page there."""

    def __init__(self) -> None:
        self.expected: list[str] = []
        self.errors: list[str] = []

    def expect(self, pattern: str) -> None:
        self.expected.append(pattern)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def unexpected(self) -> list[str]:
        return [
            text
            for text in self.errors
            if not any(re.search(pattern, text) for pattern in self.expected)
        ]


@pytest.fixture(autouse=True)
def console(page: Page) -> Iterator[Console]:
    """Fails the test when the page logs an error; a violation of the content policy is one."""
    heard = _Heard()
    page.on("console", heard.hear)
    page.on("pageerror", lambda error: heard.errors.append(str(error)))
    yield heard
    assert heard.unexpected() == []


@pytest.fixture
def waiting(make_maras_consent: MakeConsent) -> Voice:
    """A voice whose recordings a member has to listen to."""
    consent, data = make_maras_consent(), (AUDIO / "librivox-austen-0870.wav").read_bytes()
    with transaction.atomic():
        voice = voice_of(consent, VoiceState.CHECKING)
        voice_rows.store_sample(voice, 0, data, {}, at=NOON)
    return voice


@pytest.fixture
def sound_page(page: Page) -> Check:
    """Checks the page as it stands: axe finds nothing, in light and dark, on a phone and on a desk;
    nothing scrolls sideways; a picture is taken when SAYSO_SHOTS names a folder.
    """

    def check(name: str) -> None:
        for width in (DESK, PHONE):
            page.set_viewport_size({"width": width, "height": 844})
            _refuse_faults(page, RULES, f"{name}, {width} px, light")
            _picture(page, f"{name}-{width}-light")
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), (
                f"{name} at {width} px"
            )
        page.emulate_media(color_scheme="dark")
        _refuse_faults(page, RULES_OF_COLOUR, f"{name}, dark")
        _picture(page, f"{name}-{PHONE}-dark")
        page.emulate_media(color_scheme="light")

    return check


def _refuse_faults(page: Page, rules: list[str], where: str) -> None:
    found = Axe().run(page, options={"runOnly": rules})
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"


def _picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SAYSO_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
