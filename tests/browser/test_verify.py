"""The verify page in a real browser: with scripts and without, by pointer, by keyboard and by
dropping a file.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.models import Feedback
from tests.browser.conftest import PHONE, Check, Console
from tests.provenance.test_verify import again
from tests.provenance.test_verify_several import FOREIGN, RATE, clip_of
from tests.support.catalogs import translate
from tests.voices.conftest import (
    AUDIO,
    revoke,
)
from voices.models import Voice
from voices.speech.clip_delivery import DeliveredClip

TITLES = {
    "issued": "Made here, unchanged",
    "altered": "Made here, then changed",
    "withdrawn": "Made here, permission has ended",
}
QUESTION = "Was this voice made here?"


def heading(page: Page, title: str) -> None:
    # Listening for marks takes longer on a busy machine than a page does.
    expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=60_000)


def check_file(page: Page, live_server: LiveServer, path: Path, title: str) -> None:
    page.goto(f"{live_server.url}/verify")
    page.get_by_label("Audio file").set_input_files(path)
    page.get_by_role("button", name="Check this file").click()
    heading(page, title)


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


class TestTheForm:
    def test_is_sound_and_speaks_both_languages(
        self, page: Page, live_server: LiveServer, sound_page: Check
    ) -> None:
        page.goto(f"{live_server.url}/verify")
        sound_page("verify")
        page.get_by_role("link", name="Deutsch").click()
        heading(page, translate(QUESTION, "de"))
        sound_page("verify-de")
        page.get_by_role("link", name="English").click()
        heading(page, QUESTION)

    def test_stays_in_the_language_that_was_chosen(
        self, page: Page, live_server: LiveServer
    ) -> None:
        page.goto(f"{live_server.url}/verify?lang=de")
        page.get_by_label("Tondatei").set_input_files(AUDIO / "librivox-austen-0880.wav")
        page.get_by_role("button", name="Datei prüfen").click()
        heading(page, "Nicht gefunden")
        page.get_by_role("link", name="Weitere Datei prüfen").click()
        heading(page, translate(QUESTION, "de"))

    def test_takes_a_file_that_is_dropped_on_it(
        self, page: Page, live_server: LiveServer, sound_page: Check
    ) -> None:
        page.goto(f"{live_server.url}/verify")
        data = base64.b64encode((AUDIO / "librivox-austen-0880.wav").read_bytes()).decode()
        page.evaluate(
            """(data) => {
                const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
                const carried = new DataTransfer();
                carried.items.add(new File([bytes], "dropped.wav", { type: "audio/wav" }));
                const place = document.querySelector(".drop");
                for (const name of ["dragenter", "dragover"])
                    place.dispatchEvent(
                        new DragEvent(
                            name, { dataTransfer: carried, bubbles: true, cancelable: true }));
                window.carried = carried;
            }""",
            data,
        )
        expect(page.locator(".drop")).to_have_class(re.compile("over"))
        sound_page("verify-dragging")
        page.evaluate(
            """() => document.querySelector(".drop").dispatchEvent(
                new DragEvent(
                    "drop", { dataTransfer: window.carried, bubbles: true, cancelable: true }))"""
        )
        expect(page.locator(".drop")).not_to_have_class(re.compile("over"))
        page.get_by_role("button", name="Check this file").click()
        heading(page, "Not found")

    def test_shows_what_is_going_on(
        self, page: Page, live_server: LiveServer, sound_page: Check
    ) -> None:
        page.goto(f"{live_server.url}/verify")
        page.get_by_label("Audio file").set_input_files(AUDIO / "librivox-austen-0880.wav")
        held: list[Route] = []
        # Playwright marks the function.
        page.route("**/verify", lambda route: held.append(route))  # noqa: PLW0108
        page.get_by_role("button", name="Check this file").click()
        expect(page.get_by_role("status")).to_have_text(
            re.compile("Sending the file|Listening for marks")
        )
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_role("button", name="Check this file")).to_be_disabled()
        sound_page("verify-busy")
        held[0].continue_()
        heading(page, "Not found")

    def test_says_so_when_the_file_does_not_arrive(
        self, page: Page, live_server: LiveServer, console: Console
    ) -> None:
        console.expect("ERR_")
        page.goto(f"{live_server.url}/verify")
        page.get_by_label("Audio file").set_input_files(AUDIO / "librivox-austen-0880.wav")
        page.route("**/verify", lambda route: route.abort())
        page.get_by_role("button", name="Check this file").click()
        expect(page.get_by_role("alert")).to_contain_text("did not reach us")
        expect(page.get_by_role("button", name="Check this file")).to_be_enabled()

    def test_is_used_by_keyboard_alone(self, page: Page, live_server: LiveServer) -> None:
        page.goto(f"{live_server.url}/verify")
        page.get_by_label("Audio file").set_input_files(AUDIO / "librivox-austen-0880.wav")
        page.get_by_label("Audio file").focus()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Check this file")).to_be_focused()
        page.keyboard.press("Enter")
        heading(page, "Not found")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        page.go_back()
        heading(page, QUESTION)

    def test_needs_no_scripts(self, browser: Browser, live_server: LiveServer) -> None:
        context = browser.new_context(java_script_enabled=False, locale="en-GB")
        context.set_default_timeout(60_000)
        page = context.new_page()
        check_file(page, live_server, AUDIO / "librivox-austen-0880.wav", "Not found")
        page.get_by_text("Was this answer any good?").first.click()
        page.get_by_label("I think that it is wrong").check()
        page.get_by_role("button", name="Send").click()
        heading(page, "Thank you")
        context.close()
        assert Feedback.objects.get().verdict == "not_found"


class TestTheAnswer:
    def test_knows_a_delivered_file(
        self,
        page: Page,
        live_server: LiveServer,
        spoken: DeliveredClip,
        tmp_path: Path,
        sound_page: Check,
    ) -> None:
        check_file(page, live_server, written(tmp_path, "clip.wav", spoken.data), TITLES["issued"])
        expect(page.get_by_text(spoken.clip_id).first).to_be_visible()
        sound_page("verify-issued")

    def test_knows_a_changed_file(
        self,
        page: Page,
        live_server: LiveServer,
        spoken: DeliveredClip,
        tmp_path: Path,
        sound_page: Check,
    ) -> None:
        mp3 = again(spoken.data, codec="mp3", sample_rate_hz=24_000, bit_rate_bps=64_000)
        check_file(page, live_server, written(tmp_path, "clip.mp3", mp3), TITLES["altered"])
        sound_page("verify-altered")

    def test_draws_where_the_marks_are(
        self, page: Page, live_server: LiveServer, voice: Voice, tmp_path: Path, sound_page: Check
    ) -> None:
        (first, one), (second, two) = clip_of(voice), clip_of(voice, "0920")
        every = [FOREIGN.samples, one.samples, FOREIGN.samples, two.samples, one.samples]
        data = encode_sound(
            Sound(np.concatenate(every), RATE), Output(codec="flac", sample_rate_hz=RATE)
        )
        check_file(page, live_server, written(tmp_path, "spliced.flac", data), TITLES["altered"])
        expect(
            page.get_by_role("img", name=re.compile("Our mark is in .* % of this file"))
        ).to_be_visible()
        assert page.locator("svg .track").count() == 2
        assert page.locator("svg .bar").count() == 3
        for clip_id in (first, second):
            expect(page.get_by_text(clip_id).last).to_be_visible()
        sound_page("verify-spliced")

    def test_does_not_claim_a_foreign_recording(
        self, page: Page, live_server: LiveServer, sound_page: Check
    ) -> None:
        check_file(page, live_server, AUDIO / "librivox-austen-0880.wav", "Not found")
        assert page.locator("svg").count() == 0
        sound_page("verify-not-found")

    def test_says_that_a_permission_has_ended(
        self,
        page: Page,
        live_server: LiveServer,
        spoken: DeliveredClip,
        voice: Voice,
        tmp_path: Path,
        sound_page: Check,
    ) -> None:
        revoke(voice.consent_id, voice.organisation_id)
        check_file(
            page, live_server, written(tmp_path, "clip.wav", spoken.data), TITLES["withdrawn"]
        )
        sound_page("verify-withdrawn")

    def test_says_so_when_a_file_is_no_audio(
        self, page: Page, live_server: LiveServer, tmp_path: Path, sound_page: Check
    ) -> None:
        check_file(
            page,
            live_server,
            written(tmp_path, "notes.wav", b"only words"),
            "We could not listen to this file",
        )
        sound_page("verify-unreadable")

    def test_says_so_when_a_file_is_empty(
        self,
        page: Page,
        live_server: LiveServer,
        tmp_path: Path,
        sound_page: Check,
        console: Console,
    ) -> None:
        console.expect("422")
        check_file(page, live_server, written(tmp_path, "empty.wav", b""), QUESTION)
        expect(page.get_by_role("alert")).to_contain_text("This file is empty")
        page.get_by_role("link", name="This file is empty").click()
        expect(page.get_by_label("Audio file")).to_be_focused()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Audio file").set_input_files(AUDIO / "librivox-austen-0880.wav")
        page.route("**/verify", lambda route: None)  # no one answers
        page.get_by_role("button", name="Check this file").click()
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.get_by_label("Audio file")).not_to_have_attribute("aria-invalid", "true")
        sound_page("verify-empty")


class TestFeedback:
    def test_is_sound_and_is_kept(
        self, page: Page, live_server: LiveServer, sound_page: Check
    ) -> None:
        page.goto(f"{live_server.url}/verify")
        page.get_by_role("link", name="Tell us what you think").click()
        sound_page("verify-feedback")
        page.get_by_label("It helped me").check()
        page.get_by_label("What should we know?").fill("Thanks.")
        page.get_by_role("button", name="Send").click()
        heading(page, "Thank you")
        sound_page("verify-thanks")
        assert Feedback.objects.get().words == "Thanks."
        assert page.viewport_size is not None
        assert page.viewport_size["width"] == PHONE
