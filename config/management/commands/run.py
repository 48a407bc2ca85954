"""`manage.py run`: run the service with demo data, and print what a first call needs.

Its data lie where those of every other command lie.
"""

from __future__ import annotations

import json
import shlex
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.demo import scenario, server, spoken_texts
from config.demo.output import Narrator
from config.management.commands.demo import READER, SAMPLES
from core import durable_files


class Command(BaseCommand):
    help = "Serve with demo data; prints the URLs, a login, a test key, a live key and a call."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        server.refuse_taken_port(options["port"])
        with server.end_on_signal():
            self._serve(options["port"])

    def _serve(self, port: int) -> None:
        # The data folder of `manage.py`, so that every command sees what the server has.
        data: Path = settings.SAYSO_DATA_DIR
        data.mkdir(parents=True, exist_ok=True)
        known = data / "secrets" / "first-steps.json"
        if known.exists():
            server.run_manage(["migrate", "--verbosity", "0"], server.build_environment(data, port))
            found = json.loads(known.read_text(encoding="utf-8"))
        else:
            found = server.prepare_data_folder(data, port, "Harbour Press")
            # Stored at once, because these secrets are shown only here.
            _write_credentials(known, found)

        with server.run_server(data, port) as base:
            if "voice" not in found:
                found |= self._play(base, found["test_key"], data)
                _write_credentials(known, found)

            # The name and not the number, because security keys and passkeys work on no page whose
            # address is a number.
            self.stdout.write(_describe_first_steps(base.replace("127.0.0.1", "localhost"), found))
            self.stdout.flush()
            _wait_for_the_end()

    def _play(self, base: str, key: str, data: Path) -> dict[str, str]:
        """Make a speaker, a signed consent, a voice and a clip."""
        tale = scenario.Story(
            base=base,
            key=key,
            folder=data,
            narrator=Narrator(sys.stdout, colour=sys.stdout.isatty()),
        )
        tale.meet_the_speaker()
        tale.ask_for_consent()
        tale.sign()
        tale.clone([READER / name for name in SAMPLES])
        tale.speak("English", spoken_texts.ENGLISH, "en")
        return {name: tale.ids[name] for name in ("speaker", "consent", "voice", "clip")}


def _write_credentials(path: Path, found: dict[str, str]) -> None:
    durable_files.write_file(path, json.dumps(found).encode())


def _describe_first_steps(base: str, found: dict[str, str]) -> str:
    body = json.dumps(
        {
            "voice": found["voice"],
            "text": "Hello from my own cloned voice.",
            "language": "en",
            "use_case": "entertainment.audiobook",
            "output": {"codec": "wav"},
        }
    )
    return f"""
Sayso is up, with demo data. Ctrl-C stops it.

  front page   {base}/
  admin        {base}/admin/      login {found["owner_email"]}  password {found["owner_password"]}
               the first login leads to setting up a second factor; without one, test data
               can be looked at
  API docs     {base}/docs/
  verify page  {base}/verify
  test key     {found["test_key"]}
  live key     {found["live_key"]}
               it asks real people: their links leave by mail (SAYSO_EMAIL_URL), or you ask
               for "delivery": {{"channel": "controller"}} and hand them over, for level L0

  `.venv/bin/python manage.py …` works on the same data ({settings.SAYSO_DATA_DIR}).

  curl -s -o hello.wav -D - {base}/v1/speech \\
    -H "Authorization: Bearer {found["test_key"]}" \\
    -H "Content-Type: application/json" -d {shlex.quote(body)}
"""


def _wait_for_the_end() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        sys.stdout.write("\nStopped.\n")
