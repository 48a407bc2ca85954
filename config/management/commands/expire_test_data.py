"""`manage.py expire_test_data`: delete old test data. Live data is never touched."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Organisation
from core import clock, durations
from core.errors import SaysoError
from erasure import sandbox_expiry

EVERY = 50


class Command(BaseCommand):
    help = (
        "Erase people of the test data whom no one used for a while, and delete their old voices, "
        "clips, jobs, exports."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than", default="P30D", metavar="P30D", help="an ISO 8601 duration"
        )
        parser.add_argument("--organisation", metavar="ID", help="of this organisation alone")
        parser.add_argument("--dry-run", action="store_true", help="count, and delete nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            older_than = durations.parse_duration(options["older_than"])
            for organisation in _choose_organisations(options["organisation"]):
                self._one(organisation, older_than, dry=options["dry_run"])
        except SaysoError as error:
            raise CommandError(error.detail) from error

    def _one(
        self, organisation: Organisation, older_than: durations.Duration, *, dry: bool
    ) -> None:
        if dry:
            found = sandbox_expiry.count_old_data(
                organisation, older_than=older_than, now=clock.now
            )
            self.stdout.write(
                f"{organisation.id}: {_describe_counts(found)}; a dry run, nothing was deleted"
            )
            return

        done = sandbox_expiry.expire_test_data(
            organisation, older_than=older_than, now=clock.now, tell=self._tell
        )
        self.stdout.write(f"{organisation.id}: {_describe_counts(done.gone)} deleted")

        if any(done.waiting.values()):
            self.stdout.write(
                f"{organisation.id}: {_describe_counts(done.waiting)} wait for a provider or a "
                "worker; run it again"
            )

    def _tell(self, kind: str, done: int, total: int) -> None:
        if done % EVERY == 0 or done == total:
            self.stderr.write(f"{kind}: {done} of {total}")


def _choose_organisations(chosen: str | None) -> list[Organisation]:
    found = list(Organisation.objects.filter(**({"id": chosen} if chosen else {})).order_by("pk"))
    if chosen and not found:
        raise CommandError(f"there is no organisation {chosen}")

    return found


def _describe_counts(counts: sandbox_expiry.Counts) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in counts.items())
