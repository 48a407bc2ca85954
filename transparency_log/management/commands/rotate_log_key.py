"""`manage.py rotate_log_key ORG --actor NAME [--overlap-days N]`: a new key for checkpoints."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from core.errors import SaysoError
from transparency_log import log_key_rotation, public_log, sequencer


class Command(BaseCommand):
    help = (
        "Give a log a new signing key. Old and new sign together for the overlap; witnesses and "
        "monitors must learn it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organisation", help="org_…")
        parser.add_argument(
            "--actor", required=True, help="who decided: a member's id or a ticket, never a name"
        )
        parser.add_argument("--overlap-days", type=int, default=30, metavar="N")

    def handle(self, *_args: Any, **options: Any) -> None:
        organisation_id = options["organisation"]
        at = clock.now()

        try:
            overlap = timedelta(days=options["overlap_days"])
            log_key_rotation.rotate_log_key(
                organisation_id, overlap=overlap, actor=options["actor"], at=at
            )
            sequencer.settle_log(organisation_id, at=at)
        except (SaysoError, ValueError) as error:
            raise CommandError(str(error), returncode=1) from error

        self.stdout.write(public_log.get_verifier_keys(organisation_id).splitlines()[0])
