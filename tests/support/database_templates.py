"""One migrated database for a whole run: the first process makes it, the others copy it.

Each of the eight processes of a run would else apply all migrations, which takes several seconds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from django.db import connection
from django.db.backends.base.creation import BaseDatabaseCreation
from psycopg import sql

FOLDER: Final = "SAYSO_TEST_TEMPLATES"
"""The variable that names the folder of a run's templates. Without it each process migrates."""

_create = BaseDatabaseCreation.create_test_db


def share() -> None:
    """Let the processes of a run share one migrated database of each kind."""
    # Typed as a method.
    setattr(BaseDatabaseCreation, "create_test_db", _create_from_template)  # noqa: B010


def drop(url: str, folder: Path) -> None:
    """Drop the template that a run left on a PostgreSQL server."""
    with psycopg.connect(url, autocommit=True) as server:
        name = sql.Identifier(_choose_name(folder))
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))


def _create_from_template(self: BaseDatabaseCreation, *args: Any, **options: Any) -> str:
    if FOLDER not in os.environ:
        return _create(self, *args, **options)

    folder = Path(os.environ[FOLDER])
    made = folder / f"{connection.vendor}.made"
    with _locked(folder / f"{connection.vendor}.lock"):
        if made.exists():
            options |= _prepare_copy(folder)
            return _create(self, *args, **options)

        name = _create(self, *args, **options)
        _keep(name, folder)
        made.touch()
        return name


def _prepare_copy(folder: Path) -> dict[str, Any]:
    """Prepare for a database that begins as a copy; return what Django must be told."""
    # What is copied has all tables already.
    connection.settings_dict["TEST"]["MIGRATE"] = False
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = _choose_name(folder)
        return {}

    shutil.copyfile(folder / "template.sqlite3", connection.settings_dict["TEST"]["NAME"])
    return {"keepdb": True}


def _keep(name: str, folder: Path) -> None:
    """Copy a migrated database, which no test has used, as the template of the others."""
    connection.close()
    if connection.vendor == "sqlite":
        shutil.copyfile(name, folder / "template.sqlite3")
        return

    # A pool keeps connections, and a database that has any is not copied.
    getattr(connection, "close_pool")()  # noqa: B009 - PostgreSQL's wrapper alone has it
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(copy.format(sql.Identifier(_choose_name(folder)), sql.Identifier(name)))


def _choose_name(folder: Path) -> str:
    return f"template_{folder.name}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
