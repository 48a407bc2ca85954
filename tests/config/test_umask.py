"""What a process writes is for its own user alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings


def start(data: Path, *arguments: str) -> None:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SAYSO_", "DATABASE_URL"))
    }
    done = subprocess.run(
        ["/bin/sh", "-c", 'umask 022; exec "$@"', "sh", sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env={**kept, "SAYSO_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


class TestAFreshDataFolder:
    @pytest.mark.parametrize(
        "arguments",
        [
            # One app makes the database: all of them take five seconds more.
            ("manage.py", "migrate", "contenttypes", "--verbosity", "0"),
            (
                "-c",
                (
                    "import config.asgi.application; from django.db import connection; "
                    "connection.cursor()"
                ),
            ),
            ("-c", "import config.celery; from django.db import connection; connection.cursor()"),
        ],
        ids=["manage.py", "asgi", "celery"],
    )
    def test_is_for_its_own_user_alone(self, tmp_path: Path, arguments: tuple[str, ...]) -> None:
        data = tmp_path / "fresh"

        start(data, *arguments)

        written = [data, *data.rglob("*")]
        assert (data / "sayso.sqlite3").exists()
        assert [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
