"""Every column of every table, changed by one who may sign bundles and not the log: refused, or
said to be stated.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from consent.lifecycle import narrowing
from consent.models import Consent
from provenance.exports import tables
from provenance.verifier import ed25519, merkle_proofs, parsing, row_checks
from provenance.verifier.cli import main
from tests.conftest import NOON
from tests.support import bundle_forgery, consent_factories, export_scenario
from tests.support.bundle_forgery import Files
from tests.support.logged_voices import bundle, log_voices
from tests.voices.conftest import MakeVoice
from tests.voices.test_bundles import erase, speak

pytestmark = pytest.mark.django_db(transaction=True)
_MADE: dict[str, Files] = {}
_is_valid = cache(ed25519.is_ed25519_valid)


@pytest.fixture(autouse=True)
def quick_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check each signature once: most of them are the same in all forgeries."""
    for module in (merkle_proofs, parsing):
        monkeypatch.setattr(module, "is_ed25519_valid", _is_valid)


@pytest.fixture
def audit(make_voice: MakeVoice) -> Files:
    """A bundle with rows in all tables: one voice that speaks, one whose consent ended, one whose
    owner was erased.
    """
    return _made("audit", make_voice)


@pytest.fixture
def own(make_voice: MakeVoice) -> Files:
    """The copy of the first of them."""
    return _made("speaker", make_voice)


def _made(kind: str, make_voice: MakeVoice) -> Files:
    if kind not in _MADE:
        staying, ended, erased = make_voice(), make_voice(), make_voice()
        for voice in (staying, ended, erased):
            speak(voice)
        log_voices(staying.organisation)
        consent = Consent.objects.get(id=staying.consent_id)
        consent_factories.codes(consent, language="ja")
        scope = consent.grants.get().scope
        narrowing.narrow_consent(
            consent.id, organisation_id=consent.organisation_id, livemode=consent.livemode,
            actor=consent_factories.KEY, at=NOON,
            grants=[{**scope, "languages": scope["languages"][:1]}],
        )  # fmt: skip
        consent_factories.revoke(Consent.objects.get(id=ended.consent_id))
        erase(erased)
        _MADE["audit"] = export_scenario.members(bundle(staying.organisation))
        _MADE["speaker"] = export_scenario.members(
            bundle(staying.organisation, "speaker", speaker_id=staying.speaker_id)
        )
    return _MADE[kind]


@dataclass(frozen=True, slots=True)
class Said:
    """What the verifier said of a forged bundle."""

    code: int
    refused: str
    stated: str


def verify(files: Files, folder: Path) -> Said:
    """Run the parts of the verifier as they lie here: a process for each of some hundred forgeries
    takes long.
    """
    (folder / "forged.zip").write_bytes(export_scenario.packed(files))
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = main([str(folder / "forged.zip"), "--json"])
    lines = json.loads(output.getvalue())["checks"]
    return Said(
        code=code,
        refused="; ".join(
            f"{row['check']}: {row['detail']}" for row in lines if row["result"] == "REFUSED"
        ),
        stated=" ".join(row["detail"] for row in lines if row["check"] == "stated"),
    )


def rewritten(files: Files, table: str, change: Callable[[list[dict[str, Any]]], object]) -> Files:
    """Change a table in both of its forms, mend the hashes, and sign."""
    manifest = json.loads(files["manifest.json"])
    rows = export_scenario.rows(files, f"tables/{table}.jsonl")
    change(rows)
    columns = manifest["tables"][table]["columns"]
    forged = {
        **files,
        f"tables/{table}.jsonl": b"".join(tables.write_jsonl(rows)),
        f"tables/{table}.csv": b"".join(tables.write_csv(rows, columns)),
    }
    return bundle_forgery.resigned(forged, bundle_forgery.counting(**{table: len(rows)}))


def another(value: Any) -> Any:
    """Another value of the same form, as a forger would choose it."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case None:
            return "2026-11-21T12:00:00Z"
        case str() if value[4:5] == "-" and value.endswith("Z"):
            return "2026-11-22T12:00:00Z"
        case str():
            return value[:-1] + ("b" if value[-1:] != "b" else "c")
        case list():
            return [*value, "x"]
        case dict():
            return {**value, "x": "x"}
    raise AssertionError(value)


def columns_of(files: Files) -> Iterator[tuple[str, str]]:
    for table, told in json.loads(files["manifest.json"])["tables"].items():
        for column in told["columns"]:
            yield table, column


def _erased(files: Files) -> set[str]:
    """The ids of the erased person, and of what leads to them: those entries no one can open."""
    found = {row["speaker"] for row in export_scenario.rows(files, "tables/erasures.jsonl")}
    for table in ("consents", "clips", "decisions", "voices"):
        for row in export_scenario.rows(files, f"tables/{table}.jsonl"):
            if found & {row.get("speaker"), row.get("consent")}:
                found.add(row["id"])
    return found


class TestEveryColumn:
    @pytest.mark.parametrize("kind", ["audit", "speaker"])
    def test_is_proven_or_said_to_be_stated(
        self, kind: str, request: pytest.FixtureRequest, tmp_path: Path
    ) -> None:
        files: Files = request.getfixturevalue("audit" if kind == "audit" else "own")
        assert verify(bundle_forgery.resigned(files), tmp_path).code == 3
        erased = _erased(files)
        believed = []
        for table, column in columns_of(files):
            for place, row in enumerate(export_scenario.rows(files, f"tables/{table}.jsonl")):
                changed = another(row[column])

                def change(
                    rows: list[dict[str, Any]], place: int = place, column: str = column
                ) -> None:
                    rows[place][column] = changed  # noqa: B023 - called at once

                said = verify(rewritten(files, table, change), tmp_path)
                closed = not erased.isdisjoint(str(value) for value in row.values())
                listed = column in row_checks.STATED[table] or (
                    closed and f"{table}.{column} in" in said.stated
                )
                if said.code != 1 and not listed:
                    believed.append(
                        f"{table}.{column} of row {place}: {row[column]!r} -> {changed!r}"
                    )
        assert believed == []


class TestRows:
    @pytest.mark.parametrize(
        "table",
        [
            "speakers",
            "consents",
            "grants",
            "evidence",
            "decisions",
            "clips",
            "voices",
            "erasures",
            "notices",
        ],
    )
    def test_that_are_left_out_are_missed(self, audit: Files, tmp_path: Path, table: str) -> None:
        assert verify(rewritten(audit, table, lambda rows: rows.pop(0)), tmp_path).refused

    @pytest.mark.parametrize(
        "table", ["speakers", "consents", "grants", "decisions", "clips", "voices", "erasures"]
    )
    def test_that_are_invented_are_refused(self, audit: Files, tmp_path: Path, table: str) -> None:
        def invent(rows: list[dict[str, Any]]) -> None:
            rows.append({**rows[0], "id": rows[0]["id"][:-4] + "aaaa"})

        assert verify(rewritten(audit, table, invent), tmp_path).refused

    @pytest.mark.parametrize("table", sorted({*row_checks.EVIDENCE_TABLES} - {"samples"}))
    def test_cannot_stand_twice(self, audit: Files, tmp_path: Path, table: str) -> None:
        assert verify(rewritten(audit, table, lambda rows: rows.append(rows[0])), tmp_path).refused

    def test_of_evidence_cannot_stand_twice_under_two_ids(
        self, audit: Files, tmp_path: Path
    ) -> None:
        def double(rows: list[dict[str, Any]]) -> None:
            rows.append({**rows[0], "id": rows[0]["id"][:-4] + "aaaa"})

        assert "under two ids" in verify(rewritten(audit, "evidence", double), tmp_path).refused

    def test_of_two_clips_cannot_trade_their_consents(self, audit: Files, tmp_path: Path) -> None:
        def trade(rows: list[dict[str, Any]]) -> None:
            rows[0]["consent"], rows[1]["consent"] = rows[1]["consent"], rows[0]["consent"]

        assert "rows: consent" in verify(rewritten(audit, "clips", trade), tmp_path).refused

    @pytest.mark.parametrize("kind", ["audit", "speaker"])
    def test_of_a_whole_table_cannot_go(
        self, kind: str, request: pytest.FixtureRequest, tmp_path: Path
    ) -> None:
        files: Files = request.getfixturevalue("audit" if kind == "audit" else "own")
        for table in row_checks.TABLES[kind]:
            kept = {
                name: data
                for name, data in files.items()
                if not name.startswith(f"tables/{table}.")
            }

            def drop(manifest: dict[str, Any], table: str = table) -> None:
                del manifest["tables"][table], manifest["counts"][table]

            assert verify(bundle_forgery.resigned(kept, drop), tmp_path).refused, table


class TestRecords:
    def test_of_two_consents_cannot_be_swapped(self, audit: Files, tmp_path: Path) -> None:
        lines = [json.loads(line) for line in audit["records/consents.jsonl"].splitlines()]
        lines[0]["id"], lines[1]["id"] = lines[1]["id"], lines[0]["id"]
        hashes = {line["id"]: line["sha256"] for line in lines}
        swapped = b"".join(json.dumps(line).encode() + b"\n" for line in lines)

        def follow(rows: list[dict[str, Any]]) -> None:
            for row in rows:
                row["record_sha256"] = hashes[row["id"]]

        assert verify(
            rewritten({**audit, "records/consents.jsonl": swapped}, "consents", follow), tmp_path
        ).refused

    def test_cannot_go_with_a_row_that_says_none(self, audit: Files, tmp_path: Path) -> None:
        lines = audit["records/consents.jsonl"].splitlines(keepends=True)
        gone = json.loads(lines[0])["id"]

        def forget(rows: list[dict[str, Any]]) -> None:
            for row in rows:
                if row["id"] == gone:
                    row["record_sha256"] = row["record_key"] = None

        forged = rewritten(
            {**audit, "records/consents.jsonl": b"".join(lines[1:])}, "consents", forget
        )
        assert verify(
            bundle_forgery.resigned(forged, bundle_forgery.counting(records=len(lines) - 1)),
            tmp_path,
        ).refused


class TestOpenings:
    def test_that_are_left_out_need_an_erasure_that_explains_them(
        self, audit: Files, tmp_path: Path
    ) -> None:
        count = len(audit["openings.jsonl"].splitlines())
        for place in range(count):
            forged = bundle_forgery.without_line(audit, "openings.jsonl", place)
            said = verify(
                bundle_forgery.resigned(forged, bundle_forgery.counting(openings=count - 1)),
                tmp_path,
            )
            assert "closed entries" in said.refused, place

    def test_cannot_go_all_together(self, own: Files, tmp_path: Path) -> None:
        forged = bundle_forgery.resigned(
            {**own, "openings.jsonl": b""}, bundle_forgery.counting(openings=0)
        )

        assert "closed entries" in verify(forged, tmp_path).refused


class TestPapers:
    def test_that_do_not_belong_there_are_refused(self, audit: Files, tmp_path: Path) -> None:
        assert verify(
            bundle_forgery.resigned({**audit, "extra.txt": b"Trust me."}), tmp_path
        ).refused

    def test_that_were_replaced_are_called_stated(self, audit: Files, tmp_path: Path) -> None:
        forged = bundle_forgery.resigned(
            {**audit, "README.txt": b"All is well.", "verify.py": b"print('verified')"}
        )
        (tmp_path / "forged.zip").write_bytes(export_scenario.packed(forged))

        papers = export_scenario.verify(tmp_path / "forged.zip").details["papers"]
        assert "README.txt is stated" in papers
        assert "another program" in papers
