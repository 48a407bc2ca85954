"""`manage.py verify_log`: recompute logs from their entries. Exit 0 verified, 1 refused, 2 could not be read."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from provenance.ledger import audit
from provenance.ledger.audit import Check, Report

REFUSED, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = (
        "Recompute the logs from their entries: leaves, tiles, roots, signatures and prefixes of checkpoints, anchors."
    )
    # Whatever is wrong with the rest of the installation, the log can be checked.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organisations", nargs="*", metavar="ORG", help="org_…; all of them when none is named")
        parser.add_argument("--json", action="store_true", help="one JSON object a log instead of lines")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            good = self._verify(options["organisations"], as_json=options["json"])
        except (Error, OSError) as error:
            raise CommandError(f"The log cannot be read ({type(error).__name__}).", returncode=UNREADABLE) from error
        if not good:
            sys.exit(REFUSED)

    def _verify(self, wanted: Sequence[str], *, as_json: bool) -> bool:
        known = audit.organisations()
        if unknown := set(wanted) - set(known):
            raise CommandError(f"There is no log of {', '.join(sorted(unknown))}.", returncode=UNREADABLE)
        if not known:
            self.stderr.write("There is no log yet; nothing was verified.")
        good = True
        for organisation_id in wanted or known:
            report = audit.verify(organisation_id, progress=_Progress(self.stderr, organisation_id))
            good &= report.good
            self._print(report, as_json=as_json)
        return good

    def _print(self, report: Report, *, as_json: bool) -> None:
        if as_json:
            checks = {check.name: _facts(check) for check in report.checks}
            verdict = "verified" if report.good else "refused"
            self.stdout.write(
                json.dumps({"organisation": report.organisation_id, "verdict": verdict, "checks": checks})
            )
            return
        for check in report.checks:
            self.stdout.write(f"{_word(check):8} {report.organisation_id} {check.name:12} {_detail(check)}")


class _Progress:
    """A line on stderr at most every two seconds, so that a long check is seen to live."""

    def __init__(self, stderr: Any, organisation_id: str) -> None:
        self._stderr, self._organisation_id = stderr, organisation_id
        self._next = time.monotonic() + 2

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._stderr.write(f"{self._organisation_id}: {done} of {total} entries")
            self._next = time.monotonic() + 2


def _word(check: Check) -> str:
    """`OK` is said only of what was looked at."""
    if not check.good:
        return "REFUSED"
    return "OK" if check.seen else "NONE"


def _detail(check: Check) -> str:
    return f"{check.seen} checked" if check.good else f"{check.faults} faults in {check.seen}; first: {check.first}"


def _facts(check: Check) -> dict[str, Any]:
    return {"result": _word(check).lower(), "checked": check.seen, "faults": check.faults, "first": check.first}
