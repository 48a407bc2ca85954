"""`manage.py backup FILE`: write database and encrypted files to one archive, without any key."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.backup import archive, prerequisites
from core import clock
from core.errors import SaysoError


class Command(BaseCommand):
    help = (
        "Write the database and the encrypted files to one archive. Keys, anchors and tombstones "
        "stay out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["file"]
        at = clock.now()
        try:
            files = archive.write_archive(
                target, at=at, progress=lambda text: self.stderr.write(f"{text} …")
            )
        except OSError as error:
            raise CommandError(
                f"no backup was written to {target}: {error.strerror or error}"
            ) from error
        except SaysoError as error:
            raise CommandError(f"no backup was written: {error}") from error

        self.stdout.write(f"{target}: the database and {files} encrypted files")
        self.stdout.write(
            "Not in it, keep them apart: the folders kms, anchors and secrets of the data folder."
        )
        until = prerequisites.needs_of_service(at=at).until
        if until:
            self.stdout.write(
                f"It can be restored until {until:%Y-%m-%d}; then its keys are destroyed, as "
                "erasure wants."
            )
