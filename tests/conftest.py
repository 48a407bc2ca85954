"""What every test has: a fixed noon, a data folder of its own, and no network. People and things:
`tests/fixtures/`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from tests import isolation
from tests.support import catalogs, database_flush

pytest_plugins = [
    "tests.fixtures.organisations",
    "tests.fixtures.consents",
    "tests.fixtures.voices",
]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

isolation.own_data_folder()
isolation.stay_at_home()
database_flush.allow()
catalogs.compile_stale_catalogs()


@pytest.fixture
def noon() -> datetime:
    """The fixed time of the tests."""
    return NOON


@pytest.fixture(autouse=True)
def data_folder(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Everything that the code writes to its data folder goes to a folder of this test alone, gone
    with it.
    """
    folder = tmp_path_factory.mktemp("data")
    settings.SAYSO_DATA_DIR = folder
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # slow on purpose elsewhere
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def child_environment(
    data_folder: Path, transactional_db: None, settings: Settings
) -> Mapping[str, str]:
    """The environment with which a child process works on the very database, folder and keys of
    this test.
    """
    environment = {
        **os.environ,
        "SAYSO_DATA_DIR": str(data_folder),
        "SAYSO_SECRET_KEY": settings.SECRET_KEY,
        "SAYSO_MASTER_KEY": settings.SAYSO_MASTER_KEY,
    }
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        (data_folder / "sayso.sqlite3").symlink_to(name)
    else:
        base, _, query = os.environ["DATABASE_URL"].partition("?")
        environment["DATABASE_URL"] = (
            f"{base.rsplit('/', 1)[0]}/{name}{'?' if query else ''}{query}"
        )
    return environment


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the second database leave out what has nothing to do with databases."""
    parser.addoption(
        "--database-tests-only", action="store_true", help="run only tests that touch the database"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Know the marks of tests that want the machine to themselves, and of those for which one
    database will do.
    """
    config.addinivalue_line(
        "markers", "alone: measures time or kills processes, so it shares the machine with no other"
    )
    config.addinivalue_line(
        "markers", "once: uses a database but says nothing of it, so one database will do"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, when asked, every test that uses no database, or that has run on another one."""
    if not config.getoption("--database-tests-only"):
        return
    left_out = [item for item in items if not _uses_database(item)]
    items[:] = [item for item in items if _uses_database(item)]
    config.hook.pytest_deselected(items=left_out)


def _uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    marks = {mark.name for mark in item.iter_markers()}
    if "once" in marks:
        return False
    return bool(
        fixtures & {"db", "transactional_db", "live_server"}
        or marks & {"django_db", "postgres", "redis"}
    )
