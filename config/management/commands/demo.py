"""`manage.py demo`: run the main job on real speech step by step, with its files in var/demo/."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.demo import mailbox, scenario, server, spoken_texts
from config.demo.output import Narrator

READER = settings.BASE_DIR / "tests" / "data" / "audio"
SAMPLES = ("librivox-austen-0870.wav", "librivox-austen-0890.wav")
FOREIGN = "librivox-austen-0920.wav"


class Command(BaseCommand):
    help = "Run the main job against a real server on a real recording."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.SAYSO_DATA_DIR / "demo"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        narrator = Narrator(sys.stdout, colour=sys.stdout.isatty())
        with server.end_on_signal(), tempfile.TemporaryDirectory(prefix="sayso-demo-") as data:
            self._tell(Path(data), folder, narrator)

        narrator.end(f"Audio, receipt, certificate and audit bundle are in {folder}.")

    def _tell(self, data: Path, folder: Path, narrator: Narrator) -> None:
        port = server.find_free_port()
        narrator.title(
            "Sayso: no cloned voice speaks without its owner's say-so, and every clip can prove it."
        )

        with narrator.step(
            "An empty service starts: SQLite, local vault, built-in engine, no network"
        ):
            found = server.prepare_data_folder(data, port, "Harbour Press")
            narrator.say("organisation Harbour Press, with a key for its audiobook product")

        with (
            mailbox.open_mailbox() as letters,
            server.run_server(data, port, mail=letters.url) as base,
        ):
            tale = scenario.Story(
                base=base, key=found["live_key"], folder=folder, narrator=narrator, mailbox=letters
            )
            tale.meet_the_speaker()
            tale.ask_for_consent()
            tale.sign()
            tale.show_the_receipt()
            tale.clone([READER / name for name in SAMPLES])
            tale.speak("German", spoken_texts.GERMAN, "de")
            tale.speak("English", spoken_texts.ENGLISH, "en")
            tale.show_the_clips_receipt()
            tale.be_refused(
                "Asked for Japanese", spoken_texts.JAPANESE, "ja", "entertainment.audiobook"
            )
            tale.be_refused(
                "Asked for an advertisement", spoken_texts.ADVERT, "en", "advertising.commercial"
            )
            tale.verify(READER / FOREIGN)
            tale.clone_from_own_output()
            tale.drive_an_sdk(found["test_key"], READER / SAMPLES[0])
            tale.revoke()
            tale.erase(data / "blobs")
            tale.audit()
