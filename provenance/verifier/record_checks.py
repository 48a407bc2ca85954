"""Checks of the consent records of a bundle."""

from __future__ import annotations

import hashlib
from typing import Any

from provenance.verifier.bundle import Bundle
from provenance.verifier.check_report import Refusal
from provenance.verifier.parsing import (
    check_whole_number,
    decode_base64,
    parse_time,
    read_json,
    to_canonical,
    verify_jws,
)
from provenance.verifier.table_checks import read_table_rows


def check_records(bundle: Bundle) -> str:
    """Check the SHA-256 and signature of each consent record, and that its row names it."""
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

    for row in read_table_rows(bundle, "consents"):
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
