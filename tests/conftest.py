"""What every test has: a fixed noon, a data folder of its own, and no network. People and things:
`tests/fixtures/`.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from django.db import connection
from pytest_django import Settings

from core import clock, database_clock
from tests import isolation
from tests.support import (
    catalogs,
    database_flush,
    database_templates,
    databases,
    marked_files,
)

TESTS: Final = Path(__file__).parent
PEOPLE: Final = ("tests.fixtures.organisations", "tests.fixtures.consents", "tests.fixtures.voices")
WITHOUT_PEOPLE: Final = frozenset({"architecture", "audio", "core", "watermark"})
"""Folders whose tests need no organisation and no consent, and so load none of the product."""
COLLECTED_EVERY: Final = 50_000
"""How many more objects there must be before Python looks for cycles among the young ones."""
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

# What is loaded to be kept is not searched for what can go, see `pytest_collection_finish`.
gc.disable()
# Some folders' own conftest.py imports these modules before a test file is collected.
pytest.register_assert_rewrite(*PEOPLE)
isolation.own_data_folder()
isolation.stay_at_home()
database_flush.allow()
database_templates.share()
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


@pytest.fixture(autouse=True)
def forgotten_files() -> None:
    """What verification found in a file is kept by its hash. The next test has other rows."""
    if (cache := sys.modules.get("provenance.verification.finding_cache")) is not None:
        cache.FINDINGS.clear()


@pytest.fixture(autouse=True)
def one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that sets the clock of its process sets that of the database, too."""

    def get_time() -> datetime:
        return clock.now()

    monkeypatch.setattr(database_clock, "get_work_time", get_time)


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


@pytest.hookimpl(tryfirst=True)
def pytest_make_collect_report(collector: pytest.Collector) -> None:
    """Make the fixtures for people and their things known before a module that may ask for them.

    Not before it is collected: pytest looks at every file beside the ones that a run names.
    """
    if not isinstance(collector, pytest.Module):
        return
    if collector.path.relative_to(TESTS).parts[0] in WITHOUT_PEOPLE:
        return

    plugins = collector.config.pluginmanager
    for name in PEOPLE:
        if not plugins.has_plugin(name):
            plugins.register(import_module(name), name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run on two databases share the tests between them."""
    parser.addoption(
        "--part", choices=databases.PARTS, help="run only what belongs to this database's part"
    )
    parser.addoption(
        "--marked", choices=marked_files.MARKS, help="import only files that name this mark"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out, when asked, files and folders that cannot hold a test with the mark."""
    mark = config.getoption("--marked")
    if mark is None or marked_files.names_mark(collection_path, mark):
        return None
    return collection_path.is_dir() or collection_path.name.startswith("test_")


def pytest_configure(config: pytest.Config) -> None:
    """Know the marks of tests that start processes, and of those for which one database will do."""
    config.addinivalue_line(
        "markers", "alone: starts servers or kills processes, so one process runs all of these"
    )
    for mark in databases.MARKS:
        config.addinivalue_line("markers", mark)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, when asked, every test that belongs to another database's part."""
    if unnamed := list(marked_files.find_unnamed(items)):
        raise pytest.UsageError("these files must name the marks of their tests", *unnamed)

    for item in items:
        missing = databases.find_missing_server(
            {mark.name for mark in item.iter_markers()},
            vendor=connection.vendor,
            redis_url=os.environ.get("REDIS_URL", ""),
        )
        if missing:
            item.add_marker(pytest.mark.skip(reason=missing))

    if (part := config.getoption("--part")) is None:
        return
    left_out = [item for item in items if not databases.belongs_to(item, part)]
    items[:] = [item for item in items if databases.belongs_to(item, part)]
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    """Take what a run loads once out of the search for cycles: it is walked again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_EVERY, 20, 20)
    gc.enable()
