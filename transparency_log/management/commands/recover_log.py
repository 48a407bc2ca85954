"""`manage.py recover_log ORG --reason CODE --actor NAME`: accept what is left of a log."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock, ids
from core.errors import SaysoError
from transparency_log import recovery


class Command(BaseCommand):
    help = (
        "Accept what the database holds as the log, after a restore. Written to the log, published "
        "under a new name."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organisation", help="org_…")
        parser.add_argument("--reason", required=True, help="a code such as restored_backup")
        parser.add_argument(
            "--actor", required=True, help="who decided: a member's id or a ticket, never a name"
        )

        parser.add_argument(
            "--last-generation", type=int, default=1, metavar="N",
            help=(
                "when the anchor is lost too: the number at the end of the name that the log had "
                "last"
            ),
        )  # fmt: skip

    def handle(self, *_args: Any, **options: Any) -> None:
        if not ids.is_id(options["organisation"], "org"):
            raise CommandError("an organisation is named by its id, org_…", returncode=1)

        try:
            origin = recovery.recover_log(
                options["organisation"],
                reason=options["reason"],
                actor=options["actor"],
                at=clock.now(),
                last_generation=options["last_generation"],
            )
        except SaysoError as error:
            raise CommandError(error.detail, returncode=1) from error

        self.stdout.write(
            "Every active consent there is suspended: revoke again what was revoked since, resume "
            "the others."
        )
        self.stdout.write(
            f"The log goes on as {origin}. Tell those who keep its checkpoints, and run verify_log."
        )
