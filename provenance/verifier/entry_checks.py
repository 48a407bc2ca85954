"""Checks of the entries of the log in a bundle, and of their openings."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

from provenance.verifier.bundle import Bundle
from provenance.verifier.check_report import Refusal
from provenance.verifier.entry_reader import read_canonical_entry, read_entry
from provenance.verifier.parsing import check_whole_number, decode_base64, read_json, to_canonical

DOMAIN = b"sayso-commitment-v1\n"
# Versions of entries. The first one named its subject, and held its refs in a list.
VERSIONS = (1, 2)
# Which entries of the log every row of a table belongs to: name of the ref, and kinds of events.
# Rows and entries are compared in both directions: no row without its event, no event without its
# row. The body of an entry names its speaker, so speakers are matched by place alone.
RULES = {
    "speakers": (None, ("speaker.created",)),
    "consents": ("consent", ("consent.requested",)),
    "decisions": ("decision", ("decision.allowed", "decision.denied")),
    "clips": ("clip", ("clip.issued",)),
    "erasures": ("erasure", ("erasure.started",)),
}
TABLE_OF = {kind: table for table, (_, kinds) in RULES.items() for kind in kinds}


def check_entries(bundle: Bundle) -> str:
    """Check that every entry is of this organisation, in canonical form, and there once.

    Notes in `bundle.places` which rows the tables must have.
    """
    bundle.need("entries.jsonl")
    seen: set[str] = set()
    newest = 0
    places: dict[str, dict[str, int]] = {table: {} for table in RULES}

    organisation = bundle.manifest["organisation"]

    for index, line in bundle.entries():
        entry = read_canonical_entry(line)
        if entry is None or entry["v"] not in VERSIONS or entry["org"] != organisation:
            raise Refusal(f"entry {index} is not an entry of this log")
        if entry["id"] in seen:
            raise Refusal(f"the event {entry['id']} stands twice")

        seen.add(entry["id"])
        # The clock of test data may run ahead.
        if entry.get("live", True):
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
    """Refuse a checkpoint whose keys all ended before the newest entry below it."""
    ends = [bundle.periods[kid][1] for kid in sorted(bundle.signers) if kid in bundle.periods]

    if ends and all(end is not None and end.timestamp() * 1000 <= newest for end in ends):
        raise Refusal(
            "there are entries younger than the end of the key that signed the checkpoint"
        )


def _note_place(
    bundle: Bundle, entry: dict[str, Any], index: int, places: dict[str, dict[str, int]]
) -> None:
    """Note the row of this entry, if it is of the bundle's period and of its live or test data."""
    start, end = bundle.manifest["from_ms"], bundle.manifest["to_ms"]
    inside = (start is None or entry["ts"] >= start) and (end is None or entry["ts"] < end)

    if inside and entry.get("live", True) == bundle.manifest["livemode"]:
        table = TABLE_OF[entry["t"]]
        ref = RULES[table][0]
        name = get_refs(entry).get(ref) if ref else f"entry {index}"
        if name is not None:
            places[table].setdefault(name, index)


def get_refs(entry: dict[str, Any]) -> dict[str, str]:
    """Return what an entry names in the open, in either version."""
    refs: Any = entry["refs"]
    return {row["r"]: row["id"] for row in refs} if entry["v"] == 1 else refs


def pair_openings(bundle: Bundle) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield every opening with its entry. Both files are in the order of the log."""
    entries = bundle.entries()
    at, line = -1, b""
    before = -1

    for raw in bundle.lines("openings.jsonl"):
        opening = read_json(raw)
        index = check_whole_number(opening["index"])
        if index <= before:
            raise Refusal("the openings are not in order")

        while at < index:
            at, line = next(entries, (index + 1, b""))
        if at != index:
            raise Refusal(f"opening {index} belongs to no entry of this bundle")

        yield opening, read_entry(line)
        before = index


def check_openings(bundle: Bundle) -> str:
    """Check that each opened body is what its entry committed to, at that place, under that key."""
    bundle.need("openings.jsonl")
    count = 0

    for opening, entry in pair_openings(bundle):
        key = decode_base64(opening["key"])
        index = opening["index"]
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
    """Return HMAC-SHA256 in base64, as entries hold it."""
    return base64.b64encode(hmac.new(key, data, hashlib.sha256).digest()).decode("ascii")
