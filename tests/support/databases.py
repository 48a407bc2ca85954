"""Which tests run on which database (docs/decisions/034-tests-and-databases.md).

A test that uses no rows runs once, with SQLite. A test that uses rows runs on SQLite and on
PostgreSQL, unless its folder is named here: its subject is something else, and one database will
do. In such a folder the mark `both_databases` names what a database decides after all: claims,
races, constraints, triggers, snapshots, what a rollback leaves. In any folder the mark `once` names
a module that one database will do for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
PARTS: Final = (SQLITE, POSTGRESQL)

TESTS: Final = Path(__file__).resolve().parents[1]
ONE_DATABASE: Final[Mapping[str, tuple[str, str]]] = {
    "contract": (POSTGRESQL, "HTTP against the database that refuses more: lengths, ranges, NUL"),
    "delivery": (SQLITE, "letters and what their receipts say"),
    "pages": (SQLITE, "what pages show of rows"),
    "provenance": (SQLITE, "marks, manifests, fingerprints and bundles"),
    "sdk": (SQLITE, "what providers' SDKs send and read, over HTTP"),
    "upstream": (SQLITE, "what travels to providers and back"),
    "voices": (SQLITE, "sound, and the steps of one call"),
}
"""The one database of a folder's tests, and what they are about instead of rows."""

MARKS: Final = (
    "once(database): uses rows but says nothing of them, so this one will do, or its folder's",
    "both_databases: in a folder of one database, what a database decides after all",
)


def belongs_to(item: pytest.Item, part: str) -> bool:
    """Return whether a test belongs to this database's part of a run on both."""
    marks = {mark.name for mark in item.iter_markers()}
    if not uses_rows(item, marks):
        return part == SQLITE
    if marks & {"postgres", "redis"}:
        return part == POSTGRESQL

    home, _ = ONE_DATABASE.get(_get_folder(item.path), (None, ""))
    if once := item.get_closest_marker("once"):
        (named,) = once.args or (home or SQLITE,)
        assert named in PARTS, item.nodeid
        return bool(part == named)

    return home is None or "both_databases" in marks or part == home


def uses_rows(item: pytest.Item, marks: set[str]) -> bool:
    """Return whether a test needs a database, by a fixture or by a mark."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(
        fixtures & {"db", "transactional_db", "live_server"}
        or marks & {"django_db", "postgres", "redis"}
    )


def find_missing_server(marks: set[str], *, vendor: str, redis_url: str) -> str:
    """Return what a test with these marks needs and this run has not, or ""."""
    if "postgres" in marks and vendor != POSTGRESQL:
        return "needs PostgreSQL: set DATABASE_URL"
    if "redis" in marks and not redis_url:
        return "needs Redis: set REDIS_URL"
    return ""


def _get_folder(path: Path) -> str:
    parts = path.relative_to(TESTS).parts if path.is_relative_to(TESTS) else ("",)
    return parts[0]
