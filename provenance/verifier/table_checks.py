"""Checks of the tables of a bundle: CSV against JSONL, rows against entries and recordings."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from provenance.verifier.bundle import Bundle
from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.entry_checks import RULES
from provenance.verifier.parsing import (
    SAFE_INTEGER,
    check_whole_number,
    refuse_duplicate_keys,
    refuse_number,
)

# Made once, and not at each row or value.
ROW_JSON = json.JSONDecoder(object_pairs_hook=refuse_duplicate_keys, parse_constant=refuse_number)
CELL_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def check_tables(bundle: Bundle) -> str:
    """Check that every table has the columns and rows of the manifest, in CSV as in JSONL."""
    for name, table in sorted(bundle.tables.items()):
        rows = 0
        columns = table["columns"]
        with bundle.files.open(f"tables/{name}.csv") as raw:
            sheet = csv.reader(io.TextIOWrapper(raw, "utf-8", newline=""), strict=True)
            if next(sheet, []) != columns:
                raise Refusal(f"{name}.csv has other columns")

            for line, cells in zip_longest(bundle.lines(f"tables/{name}.jsonl"), sheet):
                row = read_row(line) if line is not None else None
                if (
                    row is None
                    or sorted(row) != sorted(columns)
                    or cells != [format_csv_cell(row[key]) for key in columns]
                ):
                    raise Refusal(f"row {rows + 1} of {name} is not the same in CSV and JSONL")

                rows += 1

        if rows != check_whole_number(bundle.counts[name]):
            raise Refusal(
                f"{name} has {rows} rows where the manifest counts {bundle.counts[name]!r}"
            )

    extra = sorted(
        set(bundle.counts) - set(bundle.tables) - {"entries", "openings", "records", "files"}
    )
    if extra:
        raise Refusal("the manifest counts {}, which are not there".format(", ".join(extra)))

    return (
        ", ".join(f"{bundle.counts[name]} {name}" for name in sorted(bundle.tables)) or "no tables"
    )


def read_row(line: bytes) -> dict[str, Any]:
    """Return a row of a table. The caller's own metadata is not hashed, so it may hold floats."""
    row: dict[str, Any] = ROW_JSON.decode(line.decode("utf-8"))
    return row


def read_table_rows(bundle: Bundle, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, none if the bundle has no such table."""
    if name in bundle.tables:
        for line in bundle.lines(f"tables/{name}.jsonl"):
            yield read_row(line)


def format_csv_cell(value: Any) -> str:
    """Return one value as a CSV cell.

    An apostrophe precedes what a spreadsheet would take for a formula.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r", "'") else value

    return CELL_JSON.encode(value)


def check_references(bundle: Bundle) -> str:
    """Check that no row is without its event in the log, and no event without its row.

    So nothing was invented, and nothing was left out.
    """
    bundle.need("entries.jsonl")
    if bundle.places is None:
        raise Skipped("the entries were refused")

    places = bundle.places
    outside = matched = 0
    low, high = _get_held_range(bundle)

    for name in RULES:
        expected = places[name]
        for row in read_table_rows(bundle, name):
            index = row["log_index"]
            if (
                isinstance(index, int)
                and not low <= index < high
                and bundle.head
                and index < bundle.head[1]
            ):
                outside += 1
            elif expected.pop(row["id"] if RULES[name][0] else f"entry {index}", None) != index:
                raise Refusal(
                    "{} of the table {} is not in the log where it says".format(row["id"], name)
                )
            else:
                matched += 1

        for name_of_missing in sorted(expected):
            raise Refusal(f"the log knows {name_of_missing}, which is missing in the table {name}")

    if outside:
        raise Skipped(
            f"{outside} rows belong to entries outside of this range; {matched} rows and their "
            "entries agree"
        )

    return f"{matched} rows and their entries agree, none is left out"


def _get_held_range(bundle: Bundle) -> tuple[int, int]:
    """Return the range of places [low, high) whose entries are here without a gap.

    With single proofs it is the whole log.
    """
    if bundle.has("proofs.jsonl"):
        return 0, SAFE_INTEGER

    first = check_whole_number(bundle.manifest["first_index"])

    return first, first + check_whole_number(bundle.counts["entries"])


def check_files_of_rows(bundle: Bundle) -> str:
    """Check that each recording is the one that its row names, and belongs to a row."""
    hashes = {
        file["name"]: file["sha256"]
        for file in bundle.manifest["files"]
        if file["name"].startswith("files/")
    }
    if len(hashes) != check_whole_number(bundle.counts.get("files", 0)):
        raise Refusal(f"there are {len(hashes)} files of rows, and the manifest counts others")

    known = {"/".join(name.split("/")[1:]).partition(".")[0]: name for name in hashes}

    left = 0
    for table in ("clips", "samples", "evidence", "statements"):
        for row in read_table_rows(bundle, table):
            name = known.pop("{}/{}".format(table, row["id"]), None)
            if name is None:
                left += 1
            elif hashes[name] != row["sha256"]:
                raise Refusal(f"{name} is not the file that its row names")

    if known:
        raise Refusal(f"{min(known.values())} belongs to no row")

    if left:
        raise Skipped(
            f"{left} rows without their file (deleted, or never kept); {len(hashes)} have the "
            "right one"
        )

    return f"{len(hashes)} recordings, each the one of its row"
