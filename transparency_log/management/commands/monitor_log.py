"""`manage.py monitor_log URL`: watch any C2SP tile log.

Prints one JSON line for each look. Exit 0: verified. 1: alarm. 2: unreadable.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import clock, durable_files
from core.errors import Unavailable
from transparency_log.attestation.http_client import HttpClient
from transparency_log.formats import signed_note
from transparency_log.monitor import log_monitor
from transparency_log.monitor.log_monitor import Alarm, MonitorState
from transparency_log.monitor.remote_log import LogUnreadable, RemoteLog

ALARM, UNREADABLE = 1, 2
A_YEAR = 366 * 86_400.0


class Command(BaseCommand):
    help = (
        "Watch a log from outside: signature, growth, every entry. Saves both notes when it "
        "contradicts itself."
    )
    # The command needs no part of this installation, and also watches logs of other operators.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="the log's prefix, such as https://voice.example/log/org_…")
        parser.add_argument(
            "--key", action="append", default=[], metavar="VKEY",
            help=(
                "a verifier key of the log, again for several; without one a log of Sayso is asked "
                "at the first look"
            ),
        )  # fmt: skip
        parser.add_argument(
            "--state",
            type=Path,
            metavar="FILE",
            help="what was seen last; default in the data folder",
        )
        parser.add_argument("--once", action="store_true", help="look once and end (the default)")
        parser.add_argument(
            "--every", type=_parse_seconds, metavar="S", help="look again every so many seconds"
        )
        parser.add_argument(
            "--tiles-only", action="store_true", help="take the leaves from tiles, read no entries"
        )
        parser.add_argument(
            "--from-now", action="store_true", help="at the first look, believe what lies before it"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        state = options["state"] or _get_default_state(options["url"])
        try:
            wire = HttpClient(options["url"])
        except ValueError as error:
            raise CommandError(str(error), returncode=UNREADABLE) from error

        with wire:
            watch = _Watch(RemoteLog(wire), state, options, self.stdout)
            code = watch.look()

            while options["every"] and not options["once"] and code != ALARM:
                time.sleep(options["every"])
                code = watch.look()

        if code:
            sys.exit(code)


class _Watch:
    """One watched log, and the file with what was seen of it."""

    def __init__(self, log: RemoteLog, state: Path, options: dict[str, Any], stdout: Any) -> None:
        self._log = log
        self._state = state
        self._options = options
        self._stdout = stdout

    def look(self) -> int:
        """Look once, print one line, store the state and return the exit code."""
        before: MonitorState | None = None
        try:
            before, keys = self._load_state()
            seen = log_monitor.check_remote_log(
                self._log,
                keys=[signed_note.parse_verifier_key(key) for key in keys],
                before=before,
                entries=not self._options["tiles_only"],
                trust_past=self._options["from_now"],
            )
        except Alarm as alarm:
            return self._alarm(alarm, before)
        except (Unavailable, signed_note.NoteRefused) as error:
            self._tell("unreadable", before, code=error.stable_code, detail=error.detail)
            return UNREADABLE
        except (OSError, ValueError, KeyError, TypeError) as error:
            # The state file may have been edited.
            self._tell(
                "unreadable", before, code="state_unreadable", detail=f"{self._state}: {error}"
            )
            return UNREADABLE

        self._remember(seen, keys)
        self._tell("verified", seen, previous=before.size if before else None)
        return 0

    def _load_state(self) -> tuple[MonitorState | None, list[str]]:
        """Return what was seen last, and the keys.

        Keys of the command line come first, then those of the state file. Without either the log is
        asked, as at a first look.
        """
        given: list[str] = self._options["key"]
        if not self._state.exists():
            return None, given or self._first_keys()

        raw = json.loads(self._state.read_text(encoding="utf-8"))
        return log_monitor.load_state(json.dumps(raw["seen"])), given or raw["keys"]

    def _first_keys(self) -> list[str]:
        try:
            return self._log.keys().splitlines()
        except LogUnreadable as error:
            raise LogUnreadable(
                f"{error.detail} A log that does not show its key is watched with --key."
            ) from error

    def _remember(self, seen: MonitorState, keys: list[str]) -> None:
        self._state.parent.mkdir(parents=True, exist_ok=True)
        durable_files.write_file(
            self._state,
            json.dumps({"keys": keys, "seen": json.loads(seen.dump())}, indent=1).encode(),
        )

    def _alarm(self, alarm: Alarm, before: MonitorState | None) -> int:
        """Save both notes beside the state file.

        The state itself does not change, so the next look alarms again.
        """
        name = hashlib.sha256(alarm.now.encode()).hexdigest()[:12]
        folder = (
            self._state.with_name(f"{self._state.name}.evidence") / f"{alarm.stable_code}-{name}"
        )
        folder.mkdir(parents=True, exist_ok=True)
        durable_files.write_file(folder / "before", alarm.before.encode())
        durable_files.write_file(folder / "now", alarm.now.encode())

        self._tell(
            "alarm", before, code=alarm.stable_code, detail=alarm.detail, evidence=str(folder)
        )
        return ALARM

    def _tell(self, verdict: str, seen: MonitorState | None, **facts: object) -> None:
        known = {"origin": seen.origin, "size": seen.size} if seen else {}
        line = {
            "at": clock.to_rfc3339(clock.now()),
            "log": self._options["url"],
            "verdict": verdict,
            **known,
            **facts,
        }
        self._stdout.write(json.dumps(line))
        self._stdout.flush()


def _parse_seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= A_YEAR:
        raise ArgumentTypeError(
            "there are more than 0 seconds, and no more than a year, between two looks"
        )
    return seconds


def _get_default_state(url: str) -> Path:
    name = hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
    return Path(settings.SAYSO_DATA_DIR) / "monitor" / f"{name}.json"
