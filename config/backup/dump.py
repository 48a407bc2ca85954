"""The database as one file: SQLite's own online backup, or PostgreSQL's `pg_dump`."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from django.db import connection, connections

from core.errors import Unavailable

SECONDS: Final = 6 * 3600
_DEBIAN: Final = Path("/usr/lib/postgresql")


class ToolMissing(Unavailable):
    """PostgreSQL's client programs are not installed."""

    code = "backup_tool_missing"


def dump_file_name() -> str:
    """Return the name of the database inside the archive, by its engine."""
    return "database.sqlite3" if connection.vendor == "sqlite" else "database.pgdump"


def dump_database(target: Path) -> None:
    """Write a consistent copy of the database to `target`.

    Raises ToolMissing, OSError.
    """
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(target)) as copy:
            connection.ensure_connection()
            connection.connection.backup(copy)
    else:
        _run_program(["pg_dump", "--format=custom", "--no-owner", "--file", str(target)])


def restore_database(source: Path) -> None:
    """Replace the database by the copy.

    Raises ToolMissing, OSError.
    """
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(source)) as copy:
            connection.ensure_connection()
            copy.backup(connection.connection)
    else:
        database = str(connection.settings_dict["NAME"])
        connections.close_all()
        # One transaction: if it is killed, or refused by the server, it has changed nothing.
        options = [
            "--clean",
            "--if-exists",
            "--no-owner",
            "--exit-on-error",
            "--single-transaction",
        ]
        _run_program(["pg_restore", *options, "--dbname", database, str(source)])

    connections.close_all()


def _run_program(command: list[str]) -> None:
    """Run a PostgreSQL program.

    Credentials go by environment. Arguments are visible to other processes.

    Raises ToolMissing, OSError.
    """
    program = _find_program(command[0])
    if program is None:
        raise ToolMissing(f"{command[0]} is not installed (Debian: postgresql-client).")

    done = subprocess.run(  # noqa: S603 - a fixed program with our own words
        [program, *command[1:]],
        env={**os.environ, **_login_environment()},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise OSError(f"{command[0]}: {lines[-1] if lines else 'failed'}")


def _find_program(name: str) -> str | None:
    """Return the program on PATH, or the newest of Debian's versioned folders.

    An older one cannot read a newer server.
    """
    versions = sorted(
        _DEBIAN.glob(f"*/bin/{name}"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )

    return shutil.which(name) or (str(versions[-1]) if versions else None)


def _login_environment() -> dict[str, str]:
    known: dict[str, Any] = connection.settings_dict
    named = {
        "PGDATABASE": "NAME",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGHOST": "HOST",
        "PGPORT": "PORT",
    }

    return {variable: str(known[key]) for variable, key in named.items() if known.get(key)}
