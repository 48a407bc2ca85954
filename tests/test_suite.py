"""The suite's own bookkeeping: nothing is skipped silently, and CI forgives nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import suite
from tests.suite import Step, Tally
from tests.support import databases, debian, marked_files, servers

STEP = Step(name="SQLite", marks="")


@contextlib.contextmanager
def nowhere() -> Iterator[None]:
    yield None


@contextlib.contextmanager
def somewhere() -> Iterator[servers.Found]:
    yield servers.Found(url="postgres://x@127.0.0.1/x", source="a test")


class TestATally:
    @pytest.mark.parametrize(
        ("tally", "lenient", "strict"),
        [
            (Tally(passed=3), True, True),
            (Tally(passed=3, failed=1), False, False),
            (Tally(passed=3, skips=["a test: no reason"]), True, False),
            (Tally(passed=3, not_run=["browser tests: no Chromium"]), True, False),
            (Tally(), False, False),
        ],
        ids=["all passed", "one failed", "one skipped", "a server missing", "nothing ran"],
    )
    def test_is_good_when_it_should_be(self, tally: Tally, lenient: bool, strict: bool) -> None:
        assert (tally.good(strict=False), tally.good(strict=True)) == (lenient, strict)

    def test_ends_in_one_plain_line(self) -> None:
        assert Tally(passed=7, failed=1, skips=["x"]).line() == "7 passed, 1 failed, 1 skipped"

    def test_adds_up_what_a_step_wrote(self) -> None:
        result = {"passed": 5, "failed": 2, "skips": ["t: why"], "slowest": [["t", 9.5]]}
        tally = Tally(passed=1)
        suite._add(STEP, 1, result, tally)
        assert (tally.passed, tally.failed, tally.skips) == (6, 2, ["SQLite: t: why"])
        assert tally.slowest == [(9.5, "SQLite: t")]

    @pytest.mark.parametrize(
        ("code", "failed"), [(0, 0), (5, 0), (1, 1), (2, 1), (3, 1), (4, 1), (-9, 1)]
    )
    def test_counts_a_step_that_broke_down_as_failed(self, code: int, failed: int) -> None:
        tally = Tally()
        suite._add(STEP, code, {}, tally)
        assert tally.failed == failed


class TestThePlan:
    def plan(self, only: str | None, tally: Tally) -> list[str]:
        with contextlib.ExitStack() as stack:
            return [step.name for step in suite._plan(only, stack, tally)]

    def test_shares_the_tests_only_between_two_databases(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(servers, "redis", nowhere)
        monkeypatch.setattr(servers, "chromium", lambda: None)
        options = {}
        for found in (nowhere, somewhere):
            monkeypatch.setattr(servers, "postgresql", found)
            with contextlib.ExitStack() as stack:
                first, *_ = suite._plan(None, stack, Tally())
            options[found] = first.options

        assert options == {nowhere: (), somewhere: ("--part", "sqlite")}

    def test_names_what_no_server_was_found_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("postgresql", "redis"):
            monkeypatch.setattr(servers, name, nowhere)
        monkeypatch.setattr(servers, "chromium", lambda: None)
        tally = Tally()
        assert self.plan(None, tally) == ["SQLite", "SQLite, one at a time"]
        assert [line.split(":")[0] for line in tally.not_run] == [
            "everything on PostgreSQL", "tests with Redis and Celery", "browser tests",
        ]  # fmt: skip

    def test_has_every_part_when_everything_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("postgresql", "redis"):
            monkeypatch.setattr(servers, name, somewhere)
        monkeypatch.setattr(servers, "chromium", lambda: "/usr/bin/chromium")
        tally = Tally()
        names = self.plan(None, tally)
        assert {"SQLite", "PostgreSQL", "Redis and Celery", "Chromium"} <= set(names)
        assert tally.not_run == []

    def test_starts_no_server_that_its_part_does_not_need(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never() -> None:
            raise AssertionError("started a server for nothing")

        for name in ("postgresql", "redis", "chromium"):
            monkeypatch.setattr(servers, name, never)
        assert self.plan("sqlite", Tally()) == ["SQLite", "SQLite, one at a time"]


class TestTurns:
    def test_are_the_steps_of_many_processes_and_each_other_step(self) -> None:
        many = [Step(name=name, marks="", processes=2) for name in ("SQLite", "PostgreSQL")]
        one = [Step(name=name, marks="") for name in ("Redis and Celery", "Chromium")]

        assert suite._take_turns([*many, *one]) == [many, [one[0]], [one[1]]]
        assert suite._take_turns(one) == [[one[0]], [one[1]]]

    def test_that_are_over_begin_no_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        over = threading.Event()
        over.set()
        monkeypatch.setattr(suite, "_over", over)
        assert suite._run_turn([STEP], (), held=True) == []


ON_POSTGRESQL = pytest.mark.once(databases.POSTGRESQL)


class TestAPart:
    """Which database a test runs on, in a run on both."""

    @pytest.mark.parametrize(
        ("folder", "marks", "parts"),
        [
            ("core", [], ["sqlite"]),
            ("voices", [], ["sqlite"]),
            ("consent", ["django_db"], ["sqlite", "postgresql"]),
            ("consent", ["django_db", "once"], ["sqlite"]),
            ("consent", ["django_db", ON_POSTGRESQL], ["postgresql"]),
            ("voices", ["django_db", ON_POSTGRESQL], ["postgresql"]),
            ("consent", ["django_db", "postgres"], ["postgresql"]),
            ("voices", ["django_db"], ["sqlite"]),
            ("voices", ["django_db", "both_databases"], ["sqlite", "postgresql"]),
            ("voices", ["django_db", "postgres"], ["postgresql"]),
            ("contract", ["django_db"], ["postgresql"]),
            ("contract", ["django_db", "once"], ["postgresql"]),
            ("contract", [], ["sqlite"]),
        ],
    )
    def test_has_the_tests_of_its_database(
        self,
        request: pytest.FixtureRequest,
        folder: str,
        marks: list[str | pytest.MarkDecorator],
        parts: list[str],
    ) -> None:
        item = pytest.Function.from_parent(request.node.parent, name="test", callobj=lambda: None)
        item.path = databases.TESTS / folder / "test_x.py"
        item.fixturenames.clear()
        for mark in marks:
            item.add_marker(mark)

        assert [part for part in databases.PARTS if databases.belongs_to(item, part)] == parts

    def test_that_is_shared_has_a_reason_and_a_folder(self) -> None:
        for folder, (database, reason) in databases.ONE_DATABASE.items():
            assert (databases.TESTS / folder).is_dir()
            assert database in databases.PARTS
            assert len(reason.split()) > 3


class TestAMark:
    """Which files a step imports that runs one mark's tests alone."""

    @pytest.mark.parametrize(
        ("path", "mark", "expected"),
        [
            ("e2e/test_streams.py", "alone", True),
            ("e2e/test_streams.py", "redis", False),
            ("browser/test_docs.py", "browser", True),
            ("browser", "browser", True),
            ("core", "alone", False),
        ],
    )
    def test_is_looked_for_where_it_stands(self, path: str, mark: str, expected: bool) -> None:
        assert marked_files.names_mark(databases.TESTS / path, mark) == expected

    def test_that_does_not_stand_in_its_file_is_found(self, request: pytest.FixtureRequest) -> None:
        item = pytest.Function.from_parent(request.node.parent, name="test", callobj=lambda: None)
        item.path = databases.TESTS / "core" / "test_ids.py"
        assert list(marked_files.find_unnamed([item])) == []

        item.add_marker("alone")
        assert list(marked_files.find_unnamed([item])) == [f"{item.nodeid}: mark.alone"]


class TestAServer:
    @pytest.mark.parametrize(
        ("marks", "vendor", "redis_url", "missing"),
        [
            ({"postgres"}, "sqlite", "", "PostgreSQL"),
            ({"postgres"}, "postgresql", "", ""),
            ({"redis"}, "postgresql", "", "Redis"),
            ({"redis"}, "sqlite", "redis://127.0.0.1/1", ""),
            ({"django_db"}, "sqlite", "", ""),
        ],
    )
    def test_that_a_test_needs_and_the_run_has_not_is_named(
        self, marks: set[str], vendor: str, redis_url: str, missing: str
    ) -> None:
        found = databases.find_missing_server(marks, vendor=vendor, redis_url=redis_url)
        assert missing in found
        assert bool(found) == bool(missing)


class TestTheNewestProgram:
    def test_is_found_by_number(self, tmp_path: Path) -> None:
        for version in ("9.6", "15", "14"):
            program = tmp_path / version / "bin" / "postgres"
            program.parent.mkdir(parents=True)
            program.touch(mode=0o755)
        assert debian.newest(tmp_path, "*/bin/postgres") == tmp_path / "15" / "bin" / "postgres"

    def test_can_be_run(self, tmp_path: Path) -> None:
        (tmp_path / "postgres").touch(mode=0o644)
        assert debian.newest(tmp_path, "postgres") is None
