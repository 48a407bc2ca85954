"""`manage.py verify_log`: recompute logs from their entries.

Exit 0: verified. 1: refused. 2: could not be read.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from transparency_log import fsck
from transparency_log.attestation import attestation_checks
from transparency_log.fsck import Check

REFUSED, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = (
        "Recompute the logs from their entries: leaves, tiles, roots, signatures and prefixes of "
        "checkpoints, anchors;"
        " and verify what attestors said of them: cosignatures, copies, time stamps. Nothing is "
        "repaired."
    )
    # The log can be checked when other parts of the installation are broken.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "organisations", nargs="*", metavar="ORG", help="org_…; all of them when none is named"
        )
        parser.add_argument(
            "--json", action="store_true", help="one JSON object a log instead of lines"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            good = self._verify(options["organisations"], as_json=options["json"])
        except (Error, OSError) as error:
            raise CommandError(
                f"The log cannot be read ({type(error).__name__}).", returncode=UNREADABLE
            ) from error

        if not good:
            sys.exit(REFUSED)

    def _verify(self, organisation_ids: Sequence[str], *, as_json: bool) -> bool:
        known = fsck.list_log_organisations()
        if unknown := set(organisation_ids) - set(known):
            raise CommandError(
                f"There is no log of {', '.join(sorted(unknown))}.", returncode=UNREADABLE
            )

        if not known:
            self.stderr.write("There is no log yet; nothing was verified.")

        good = True
        for organisation_id in organisation_ids or known:
            report = fsck.verify_log(
                organisation_id, progress=_Progress(self.stderr, organisation_id, "entries")
            )
            outside = attestation_checks.verify_attestations(
                organisation_id, progress=_Progress(self.stderr, organisation_id, "attestations")
            )

            whole = report.good and outside.good
            good &= whole
            self._print(
                organisation_id,
                (*report.checks, *outside.checks.values()),
                good=whole,
                as_json=as_json,
            )

        if not organisation_ids:
            good &= self._check_evidence(as_json=as_json)
        return good

    def _check_evidence(self, *, as_json: bool) -> bool:
        """Check what other rooms keep beside the logs, and say what was found, if anything was."""
        checks = [
            found for check in fsck.evidence_checks if (found := check()).seen or found.faults
        ]
        good = all(check.good for check in checks)
        if checks:
            self._print("", checks, good=good, as_json=as_json)
        return good

    def _print(
        self, organisation_id: str, checks: Sequence[Check], *, good: bool, as_json: bool
    ) -> None:
        if as_json:
            facts = {check.name: _check_to_facts(check) for check in checks}
            verdict = "verified" if good else "refused"
            self.stdout.write(
                json.dumps(
                    {"organisation": organisation_id or None, "verdict": verdict, "checks": facts}
                )
            )
            return
        for check in checks:
            self.stdout.write(
                f"{_get_result_word(check):8} {organisation_id or '-':30} {check.name:12} "
                f"{_describe_check(check)}"
            )


class _Progress:
    """Progress on stderr, at most one line in two seconds."""

    def __init__(self, stderr: Any, organisation_id: str, unit: str) -> None:
        self._stderr = stderr
        self._organisation_id = organisation_id
        self._unit = unit
        self._next = time.monotonic() + 2

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._stderr.write(f"{self._organisation_id}: {done} of {total} {self._unit}")
            self._next = time.monotonic() + 2


def _get_result_word(check: Check) -> str:
    """Return the word for a result. `OK` needs at least one thing that was checked."""
    if not check.good:
        return "REFUSED"
    return "OK" if check.seen else "NONE"


def _describe_check(check: Check) -> str:
    if check.good:
        return f"{check.seen} checked"

    return f"{check.faults} faults in {check.seen}; first: {check.first}"


def _check_to_facts(check: Check) -> dict[str, Any]:
    return {
        "result": _get_result_word(check).lower(),
        "checked": check.seen,
        "faults": check.faults,
        "first": check.first,
    }
