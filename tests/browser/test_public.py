"""The public pages in a real browser: the first page, `/verify` with real audio, the pages for errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from provenance.audio.encoding import Output
from tests.browser.conftest import Check, Console
from tests.provenance.test_verify import again
from tests.voices.conftest import (  # noqa: F401 - fixtures
    AUDIO,
    MakeVoice,
    Reader,
    asker_of,
    make_consent,
    make_voice,
    noon,
    only,
    order_for,
    revoke,
)
from voices import pipeline
from voices.pipeline import Spoken

TITLES = {
    "issued": "Made here, unchanged",
    "altered": "Made here, then changed",
    "withdrawn": "Made here, permission has ended",
}


@pytest.fixture
def spoken(make_voice: MakeVoice) -> Spoken:  # noqa: F811 - the fixture
    voice = make_voice()
    order = order_for(voice, output=Output(codec="wav"))
    return pipeline.speak(order, asker=asker_of(voice), now=noon, providers=only(Reader()))


def check_file(page: Page, live_server: LiveServer, path: Path, title: str) -> None:
    page.goto(f"{live_server.url}/verify")
    page.get_by_label("Audio file").set_input_files(path)
    page.get_by_role("button", name="Check this file").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


class TestTheFirstPage:
    def test_is_sound_and_leads_to_verify(self, page: Page, live_server: LiveServer, sound_page: Check) -> None:
        page.goto(live_server.url)
        sound_page("front")
        page.get_by_role("link", name="Check a clip").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Was this voice made here?")


class TestVerify:
    def test_form_is_sound(self, page: Page, live_server: LiveServer, sound_page: Check) -> None:
        page.goto(f"{live_server.url}/verify")
        sound_page("verify")

    def test_knows_a_delivered_file(
        self, page: Page, live_server: LiveServer, spoken: Spoken, tmp_path: Path, sound_page: Check
    ) -> None:
        path = tmp_path / "clip.wav"
        path.write_bytes(spoken.data)
        check_file(page, live_server, path, TITLES["issued"])
        expect(page.get_by_text(spoken.clip_id)).to_be_visible()
        sound_page("verify-issued")

    def test_knows_a_changed_file(
        self, page: Page, live_server: LiveServer, spoken: Spoken, tmp_path: Path, sound_page: Check
    ) -> None:
        path = tmp_path / "clip.mp3"
        path.write_bytes(again(spoken.data, codec="mp3", sample_rate_hz=24_000, bit_rate_bps=64_000))
        check_file(page, live_server, path, TITLES["altered"])
        sound_page("verify-altered")

    def test_does_not_claim_a_foreign_recording(self, page: Page, live_server: LiveServer, sound_page: Check) -> None:
        check_file(page, live_server, AUDIO / "librivox-austen-0880.wav", "Not found")
        sound_page("verify-not-found")

    def test_says_so_when_a_file_is_no_audio(
        self, page: Page, live_server: LiveServer, tmp_path: Path, sound_page: Check
    ) -> None:
        path = tmp_path / "notes.wav"
        path.write_bytes(b"these are only words")
        check_file(page, live_server, path, "Not readable as audio")
        sound_page("verify-unreadable")

    def test_says_so_when_a_file_is_empty(
        self, page: Page, live_server: LiveServer, tmp_path: Path, sound_page: Check, console: Console
    ) -> None:
        console.expect("422")
        path = tmp_path / "empty.wav"
        path.write_bytes(b"")
        check_file(page, live_server, path, "Was this voice made here?")
        expect(page.get_by_role("alert")).to_contain_text("This file is empty")
        sound_page("verify-empty")

    def test_works_without_scripts(
        self, page: Page, live_server: LiveServer, tmp_path: Path, sound_page: Check
    ) -> None:
        page.route("**/*.js", lambda route: route.abort())
        check_file(page, live_server, AUDIO / "librivox-austen-0880.wav", "Not found")
        assert page.locator("script").count() == 0


class TestErrors:
    def test_unknown_address(self, page: Page, live_server: LiveServer, sound_page: Check, console: Console) -> None:
        console.expect("404")
        page.goto(f"{live_server.url}/nothing/here")
        expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
        sound_page("404")
