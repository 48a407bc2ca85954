"""After an erasure no word about the person is left to be read: not in files, logs, dumps, WAL or
later bundles.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from config.demo.server import find_free_port
from tests.support import processes, servers
from tests.support.api_operations import Schema, fields, operations
from tests.support.named_person import (
    ABOUT_NO_PERSON,
    CODE,
    CODES,
    PHONE,
    STEM,
    WORDS,
    Telling,
    bodies,
    files_below,
    members,
)
from tests.support.residue_search import hits, needles


def takes_text(schema: Schema) -> bool:
    kinds = schema.get("type", ())
    takes_more = schema.get("additionalProperties", False) is not False
    return ("string" in kinds and "enum" not in schema) or takes_more


def free_fields() -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Every field of every body of the API that takes text which the document does not list."""
    for operation in operations():
        if operation.schema is not None and operation.takes_json:
            for path, schema in fields(operation.schema):
                if takes_text(schema):
                    yield operation.name, path


def leaf(path: tuple[str | int, ...]) -> str:
    return str(next(part for part in reversed(path) if isinstance(part, str)))


def filled(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """The names of the fields that hold the person's words."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from (
                [leaf((*path, name))]
                if name == "metadata" and STEM in str(inner)
                else filled(inner, (*path, name))
            )
    elif isinstance(value, list):
        for inner in value:
            yield from filled(inner, (*path, 0))
    elif any(word in str(value) for word in (STEM, CODE, PHONE)):
        yield leaf(path)


class TestFields:
    """A new field fails here until someone says whether it takes words, and has put the person's
    words into it.
    """

    def test_each_is_known_to_take_words_or_codes(self) -> None:
        unknown = {(name, path) for name, path in free_fields() if leaf(path) not in WORDS | CODES}
        assert unknown == set()

    def test_each_that_takes_words_is_filled_by_the_story(self) -> None:
        told = {(name, field) for name, body in bodies({}).items() for field in filled(body)}
        wanted = {(name, leaf(path)) for name, path in free_fields() if leaf(path) in WORDS}
        assert wanted - told - ABOUT_NO_PERSON == set()


class TestSearch:
    @pytest.mark.parametrize(
        "written",
        [
            STEM.encode(),
            STEM.encode("utf-16-le"),
            STEM.encode("utf-16-be"),
            STEM.encode().hex().encode(),
            quote(STEM).encode(),
            json.dumps(STEM).encode(),
            json.dumps(STEM).replace("f6", "F6").encode(),
            *(base64.b64encode(bytes(offset) + STEM.encode()) for offset in range(3)),
            *(
                base64.urlsafe_b64encode(b"\xff" * offset + STEM.encode() + b"\xff")
                for offset in range(3)
            ),
            STEM.upper().encode(),
            STEM.lower().encode(),
        ],
    )
    def test_finds_the_word_however_it_is_written(self, written: bytes) -> None:
        assert list(hits(STEM, [("file", b"before " + written + b" after")]))

    def test_finds_nothing_where_there_is_nothing(self) -> None:
        assert list(hits(STEM, [("file", b"nothing at all")])) == []
        assert min(len(needle) for needle in needles(STEM).values()) > 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is left after the story: ids to find, a bundle that was made afterwards."""

    ids: dict[str, str]
    bundle: bytes


def tell(environment: Mapping[str, str], log: Path) -> Told:
    """Set the service up, tell the story to a real server that logs at DEBUG, and end it."""
    port = find_free_port()
    base = f"http://127.0.0.1:{port}"
    env = {
        **environment,
        **processes.BRISK,
        "SAYSO_LOG_LEVEL": "DEBUG",
        "SAYSO_PUBLIC_URL": base,
        "REDIS_URL": "",
    }
    # The server migrates its database.
    with processes.process([sys.executable, "manage.py", "serve", "--port", str(port)], env, log):
        processes.wait_until(
            lambda: processes.answers(port), processes.said(log, "the server"), seconds=180
        )
        key = json.loads(manage(env, "bootstrap", "--organisation", "Acme", "--json"))["test_key"]
        story = Telling(base, key)
        story.tell()
        bundle = story.export("audit")
    return Told(ids=story.ids, bundle=bundle)


def manage(env: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, cwd=processes.ROOT, env=dict(env), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def nothing_of(told: Told, files: dict[str, bytes]) -> None:
    """Fail with the place of every word; and unless the files are the right ones, which know the
    consent by its id.
    """
    everything = {**files, **{f"bundle {name}": data for name, data in members(told.bundle)}}
    assert any(told.ids["consent"].encode() in data for name, data in files.items())
    assert any(
        told.ids["consent"].encode() in data
        for name, data in everything.items()
        if name.startswith("bundle")
    )
    assert [hit for word in (STEM, CODE, PHONE[1:]) for hit in hits(word, everything.items())] == []


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A service of its own, with a data folder of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SAYSO_", "DATABASE_", "DJANGO_"))
    }
    return {**kept, "SAYSO_DATA_DIR": str(tmp_path / "data"), "SAYSO_DEVELOPMENT": "yes"}


@pytest.mark.alone
class TestFiles:
    def test_of_the_data_folder_hold_none_of_the_words(
        self, environment: dict[str, str], tmp_path: Path
    ) -> None:
        told = tell(environment, tmp_path / "server.log")

        files = dict(files_below(tmp_path))
        assert {"data/sayso.sqlite3", "data/anchors/erased.jsonl", "server.log"} <= set(files)
        nothing_of(told, files)


def dumped(session: psycopg.Connection) -> Iterator[tuple[str, bytes]]:
    """Every table as text: what lies compressed in the cluster's files is plain here."""
    tables = session.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    ).fetchall()
    for (table,) in tables:
        with session.cursor().copy(
            sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
        ) as lines:
            yield f"dump {table}", b"".join(bytes(line) for line in lines)


@pytest.mark.postgres
@pytest.mark.alone
class TestPostgresql:
    def test_dump_wal_and_log_hold_none_of_the_words(
        self, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(
            "DATABASE_URL", raising=False
        )  # a cluster of our own, whose files we may read
        with servers.postgresql() as found:
            assert found is not None
            told = tell({**environment, "DATABASE_URL": found.url}, tmp_path / "server.log")
            with psycopg.connect(found.url.replace("postgres://", "postgresql://")) as session:
                (folder,) = session.execute("SHOW data_directory").fetchone() or ("",)
                session.execute("CHECKPOINT")
                dump = dict(dumped(session))
            cluster = dict(files_below(Path(folder).parent))

        assert any("/pg_wal/0" in name for name in cluster)
        files = {**dict(files_below(tmp_path)), **dump}
        nothing_of(told, {**files, **{f"cluster {name}": data for name, data in cluster.items()}})
