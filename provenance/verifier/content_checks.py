"""The checks on what a bundle says: entries, openings, records, tables, and that they agree with
each other.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from provenance.verifier.bundle import Bundle, get_head
from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.merkle_proofs import Head
from provenance.verifier.parsing import (
    SAFE_INTEGER,
    check_whole_number,
    decode_base64,
    parse_time,
    read_json,
    refuse_duplicate_keys,
    refuse_number,
    to_canonical,
    verify_jws,
)

DOMAIN = b"sayso-commitment-v1\n"
VERSIONS = (1, 2)  # of entries; the first named whom they are about, with a list of refs
# Which entries of the log every row of a table answers to: name of the ref, and kinds of events.
# Rows are compared with entries in both directions: no row without its event, no event without its
# row.
RULES = {
    "speakers": (
        None,
        ("speaker.created",),
    ),  # whose it is stands in its body: matched by place alone
    "consents": ("consent", ("consent.requested",)),
    "decisions": ("decision", ("decision.allowed", "decision.denied")),
    "clips": ("clip", ("clip.issued",)),
    "erasures": ("erasure", ("erasure.started",)),
}
TABLE_OF = {kind: table for table, (_, kinds) in RULES.items() for kind in kinds}


def check_entries(bundle: Bundle) -> str:
    """Every entry is of this organisation, in canonical form, and stands once; notes what the
    tables must answer to.
    """
    bundle.need("entries.jsonl")
    seen: set[str] = set()
    newest = 0
    places: dict[str, dict[str, int]] = {table: {} for table in RULES}
    for index, line in bundle.entries():
        entry = read_json(line)
        if (
            to_canonical(entry) != line
            or entry["v"] not in VERSIONS
            or entry["org"] != bundle.manifest["organisation"]
        ):
            raise Refusal(f"entry {index} is not an entry of this log")
        if entry["id"] in seen:
            raise Refusal(f"the event {entry['id']} stands twice")
        seen.add(entry["id"])
        if entry.get("live", True):  # the clock of test data may run ahead
            newest = max(newest, check_whole_number(entry["ts"]))
        if entry["t"] in TABLE_OF:
            _note_place(bundle, entry, index, places)
    if len(seen) != check_whole_number(bundle.counts["entries"]):
        raise Refusal(
            f"there are {len(seen)} entries where the manifest counts {bundle.counts['entries']!r}"
        )
    _refuse_ended_signers(bundle, newest)
    bundle.places = places
    return f"{len(seen)} entries, each well-formed and once"


def _refuse_ended_signers(bundle: Bundle, newest: int) -> None:
    """The checkpoint stands over entries, so a key that had ended before the newest of them did not
    sign it.
    """
    ends = [bundle.periods[kid][1] for kid in sorted(bundle.signers) if kid in bundle.periods]
    if ends and all(end is not None and end.timestamp() * 1000 <= newest for end in ends):
        raise Refusal(
            "there are entries younger than the end of the key that signed the checkpoint"
        )


def _note_place(
    bundle: Bundle, entry: dict[str, Any], index: int, places: dict[str, dict[str, int]]
) -> None:
    """Note which row this entry asks for, when it is of the bundle's period and of its live or test
    data.
    """
    start, end = bundle.manifest["from_ms"], bundle.manifest["to_ms"]
    inside = (start is None or entry["ts"] >= start) and (end is None or entry["ts"] < end)
    if inside and entry.get("live", True) == bundle.manifest["livemode"]:
        table = TABLE_OF[entry["t"]]
        ref = RULES[table][0]
        name = get_refs(entry).get(ref) if ref else f"entry {index}"
        if name is not None:
            places[table].setdefault(name, index)


def get_refs(entry: dict[str, Any]) -> dict[str, str]:
    """Give what an entry names in the open, in either version."""
    refs: Any = entry["refs"]
    return {row["r"]: row["id"] for row in refs} if entry["v"] == 1 else refs


def pair_openings(bundle: Bundle) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give every opening with its entry; both files are in the order of the log."""
    entries, at, line, before = bundle.entries(), -1, b"", -1
    for raw in bundle.lines("openings.jsonl"):
        opening = read_json(raw)
        index = check_whole_number(opening["index"])
        if index <= before:
            raise Refusal("the openings are not in order")
        while at < index:
            at, line = next(entries, (index + 1, b""))
        if at != index:
            raise Refusal(f"opening {index} belongs to no entry of this bundle")
        yield opening, read_json(line)
        before = index


def check_openings(bundle: Bundle) -> str:
    """Each opened body is the one that its entry committed to, at that place, under that key."""
    bundle.need("openings.jsonl")
    count = 0
    for opening, entry in pair_openings(bundle):
        key, index = decode_base64(opening["key"]), opening["index"]
        if len(key) != 32:
            raise Refusal(f"opening {index} is of an unknown kind")
        if (
            opening["id"] != entry["id"]
            or compute_mac(key, DOMAIN + to_canonical(opening["body"])) != entry["c"]
        ):
            raise Refusal(f"the opening of entry {index} is not what the log committed to")
        count += 1
    if count != check_whole_number(bundle.counts["openings"]):
        raise Refusal(
            f"there are {count} openings where the manifest counts {bundle.counts['openings']!r}"
        )
    return f"{count} of {bundle.counts['entries']} entries opened, each what the log committed to"


def compute_mac(key: bytes, data: bytes) -> str:
    """Give HMAC-SHA256 in base64, as entries have it."""
    return base64.b64encode(hmac.new(key, data, hashlib.sha256).digest()).decode("ascii")


def check_tables(bundle: Bundle) -> str:
    """Every table has the columns and as many rows as the manifest says, and its CSV says the same
    as its JSONL.
    """
    for name, table in sorted(bundle.tables.items()):
        rows, columns = 0, table["columns"]
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
    """Read a table's row; unlike all that is hashed, a caller's own metadata may hold floats."""
    row: dict[str, Any] = json.loads(
        line.decode("utf-8"), object_pairs_hook=refuse_duplicate_keys, parse_constant=refuse_number
    )
    return row


def format_csv_cell(value: Any) -> str:
    """Write one value as a CSV cell.

    What a spreadsheet would take for a formula begins with an apostrophe.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r", "'") else value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def check_records(bundle: Bundle) -> str:
    """Each consent record's SHA-256 and signature are good, and its row names that very record."""
    bundle.need("records/consents.jsonl")
    hashes: dict[str, str] = {}
    for line in bundle.lines("records/consents.jsonl"):
        row = read_json(line)
        if row["id"] in hashes:
            raise Refusal(f"there are two records of {row['id']}")
        _check_record(row, bundle)
        hashes[row["id"]] = row["sha256"]
    if len(hashes) != check_whole_number(bundle.counts["records"]):
        raise Refusal(
            f"there are {len(hashes)} records where the manifest counts {bundle.counts['records']}"
        )
    for row in read_rows(bundle, "consents"):
        if (row["record_sha256"] or None) != hashes.pop(row["id"], None):
            raise Refusal(f"the row of {row['id']} does not name the record that is here")
    if hashes:
        raise Refusal(f"the record of {min(hashes)} has no row")
    return f"{bundle.counts['records']} records, each signed and named by its consent"


def _check_record(row: dict[str, Any], bundle: Bundle) -> None:
    record = decode_base64(row["record"])
    if hashlib.sha256(record).hexdigest() != row["sha256"]:
        raise Refusal(f"the record of {row['id']} was changed")
    if to_canonical(read_json(record)) != record:
        raise Refusal(f"the record of {row['id']} is not in canonical form")
    try:
        kid, payload = verify_jws(row["jws"], bundle.keys.get("records", {}))
    except Refusal as refusal:
        raise Refusal(f"the record of {row['id']}: {refusal}") from refusal
    bundle.used.add(kid)
    if payload != record:
        raise Refusal(f"what was signed for {row['id']} is not this record")
    end = bundle.periods[kid][1]
    if end is not None and parse_time(read_json(record)["events"][0]["event_time"]) >= end:
        raise Refusal(f"the record of {row['id']} is younger than the end of its key {kid}")


def read_rows(bundle: Bundle, name: str) -> Iterator[dict[str, Any]]:
    """Give the rows of a table, none when the bundle has no such table."""
    if name in bundle.tables:
        for line in bundle.lines(f"tables/{name}.jsonl"):
            yield read_row(line)


def check_references(bundle: Bundle) -> str:
    """No row without its event in the log, no event without its row: nothing was invented and
    nothing left out.
    """
    bundle.need("entries.jsonl")
    if bundle.places is None:
        raise Skipped("the entries were refused")
    places = bundle.places
    outside = matched = 0
    low, high = _get_held_range(bundle)
    for name in RULES:
        expected = places[name]
        for row in read_rows(bundle, name):
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
    """Give the range of places [low, high) whose entries this bundle holds without a gap; all, with
    single proofs.
    """
    if bundle.has("proofs.jsonl"):
        return 0, SAFE_INTEGER
    first = check_whole_number(bundle.manifest["first_index"])
    return first, first + check_whole_number(bundle.counts["entries"])


def check_recordings(bundle: Bundle) -> str:
    """Each recording is the one that its row names; every one belongs to a row."""
    hashes = {
        file["name"]: file["sha256"]
        for file in bundle.manifest["files"]
        if file["name"].startswith("files/")
    }
    if len(hashes) != check_whole_number(bundle.counts.get("files", 0)):
        raise Refusal(f"there are {len(hashes)} files of rows, and the manifest counts others")
    known = {"/".join(name.split("/")[1:]).partition(".")[0]: name for name in hashes}
    left = 0
    for table in ("clips", "samples", "evidence"):
        for row in read_rows(bundle, table):
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


def check_previous(bundle: Bundle, previous: Head | None) -> str:
    """The log continues the one of an earlier checkpoint."""
    origin, size, _ = get_head(bundle)
    if previous is None:
        raise Skipped("no earlier checkpoint was given with --previous")
    if previous[0] != origin:
        raise Refusal(f"the earlier checkpoint is of another log, {previous[0]}")
    if previous[1] > size:
        raise Refusal(f"the log was rolled back: it had {previous[1]} entries, now {size}")
    if previous[1] not in bundle.roots:
        raise Skipped("this bundle does not hold all leaves of the log, or its log was refused")
    if bundle.roots[previous[1]] != previous[2]:
        raise Refusal(f"the log forked: at {previous[1]} entries its root was another one")
    return f"it continues the checkpoint at {previous[1]} entries"
