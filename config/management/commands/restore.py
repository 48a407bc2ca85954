"""`manage.py restore FILE`: restore a backup, and repeat the erasures since it was made."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.models import Organisation
from config.backup import after_restore, archive, dump, prerequisites, restore_guard
from config.backup.after_restore import Replayed
from core import clock
from core.errors import SaysoError
from erasure import tombstone_checks, tombstones


class Command(BaseCommand):
    help = (
        "Put a backup in place of the data here, then replay every erasure since. Stop the service "
        "first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="allow it although there is data here"
        )
        parser.add_argument(
            "--ignore-torn-tombstones",
            action="store_true",
            help="go on although an erased person may be in a line that cannot be read",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["file"].is_file():
            raise CommandError(f"nothing was changed: there is no file {options['file']}")
        if _has_data() and not options["replace"]:
            raise CommandError("there is data here; say --replace to put the backup in its place")

        with archive.open_workspace("restore") as folder:
            self._judge(options["file"], folder)
            self._judge_tombstones(ignore_torn=options["ignore_torn_tombstones"])
            try:
                with restore_guard.mark_unfinished_restore():
                    self._put_back(folder)
                    done = after_restore.complete_restore(now=clock.now)
            except (SaysoError, OSError, ValueError) as error:
                raise CommandError(
                    f"the restore is not complete, run it again with --replace: {error}"
                ) from error

        self._report(done)

    def _judge(self, source: Path, folder: Path) -> None:
        """Read and check the archive, before anything is replaced.

        Raises CommandError.
        """
        try:
            manifest = archive.read_archive(source, folder, progress=self._say)
            prerequisites.check_needs(prerequisites.needs_of_manifest(manifest))
        except (SaysoError, OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"nothing was changed: {error}") from error

    def _judge_tombstones(self, *, ignore_torn: bool) -> None:
        """Complete the tombstones by the erasures that are in this database, and read them all.

        This comes before anything is replaced. Afterwards no other record says who was erased.

        Raises CommandError.
        """
        try:
            if _has_data():
                tombstone_checks.restore_tombstones(at=clock.now())
            lost = tombstones.read_tombstones().unknown_lines
        except (DatabaseError, OSError) as error:
            raise CommandError(f"nothing was changed: {error}") from error

        for line in lost:
            self.stderr.write(tombstone_checks.describe_torn_line(line))
        if lost and not ignore_torn:
            raise CommandError(
                "nothing was changed: who was erased in those lines is not known. Complete them, "
                "or say --ignore-torn-tombstones"
            )

    def _put_back(self, folder: Path) -> None:
        self._say("replacing the database")
        dump.restore_database(folder / dump.dump_file_name())
        call_command("migrate", verbosity=0)
        shutil.rmtree(archive.blob_folder(), ignore_errors=True)
        if (folder / "blobs").exists():
            shutil.move(folder / "blobs", archive.blob_folder())

        self._say("erasing again who was erased since")

    def _report(self, done: Replayed) -> None:
        self.stdout.write(
            f"restored; {done.persons} persons erased again, {len(done.logs)} logs continued under "
            "a new name"
        )
        if done.waiting:
            self.stdout.write(
                f"{done.waiting} erasures wait for a provider; the running service carries them on."
            )

        if done.logs:
            self.stdout.write(
                "Whatever else happened since the backup is lost, revocations and disabled keys "
                "too, in:"
            )
            self.stdout.write("\n".join(f"  {organisation}" for organisation in done.logs))
            self.stdout.write(
                "Every active consent there is suspended. Take what happened from receipts and"
            )
            self.stdout.write("exports, revoke and disable again, and only then resume the others.")

    def _say(self, text: str) -> None:
        self.stderr.write(f"{text} …")


def _has_data() -> bool:
    try:
        return Organisation.objects.exists()
    except DatabaseError:
        return False
