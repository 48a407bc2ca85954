"""Checks of the entries that stay closed: the log must give a reason for each."""

from __future__ import annotations

from provenance.verifier.bundle import Bundle
from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.checkpoint_checks import get_head
from provenance.verifier.entry_checks import DOMAIN, compute_mac
from provenance.verifier.log_history import Past, compute_kid
from provenance.verifier.merkle_proofs import check_hash_length, compute_proven_root, hash_leaf
from provenance.verifier.parsing import check_whole_number, decode_base64, read_json, to_canonical


def check_closed_entries(past: Past) -> str:
    """Check that the log gives a reason for every entry that stays closed: an erasure, or other
    data.
    """
    _read_closings(past.bundle, past)
    keys = list(past.kids.values())
    last = b""
    erased = unexplained = 0

    for event in past.closed:
        own = event.entry["kid"]
        if last and compute_kid(last, event.entry["id"]) == own:
            erased += 1
            continue

        last = next((key for key in keys if compute_kid(key, event.entry["id"]) == own), b"")
        if last:
            erased += 1
        elif past.repeated:
            unexplained += 1
        else:
            raise Refusal(
                f"entry {event.place} ({event.kind}) is not opened, and no erasure explains that"
            )

    explained = [f"{erased} entries stay closed because of {len(keys)} erasures"] if erased else []
    if notes := _list_unexplained(past, unexplained):
        raise Skipped("; ".join([*notes, *explained]))

    return explained[0] if explained else "no entry stayed closed"


def _list_unexplained(past: Past, unexplained: int) -> list[str]:
    other = "test" if past.bundle.manifest["livemode"] else "live"
    notes = []
    if past.foreign:
        notes.append(f"{past.foreign} entries of {other} data, which this bundle does not open")
    if past.old:
        notes.append(f"{past.old} closed entries of the first version, which do not say why")
    if unexplained:
        notes.append(f"{unexplained} entries of people who were erased again after a restore")

    return notes


def _read_closings(bundle: Bundle, past: Past) -> None:
    """Note the erasures outside of this range, each with its proof.

    They close entries inside of it.
    """
    if not bundle.has("closings.jsonl"):
        return

    _, size, root = get_head(bundle)
    for line in bundle.lines("closings.jsonl"):
        row = read_json(line)
        data = row["entry"].encode("utf-8")
        path = [check_hash_length(decode_base64(step)) for step in row["path"]]
        found = compute_proven_root(hash_leaf(data), check_whole_number(row["index"]), size, path)
        if found != root:
            raise Refusal(f"the erasure at {row['index']} is not in the log")

        key = decode_base64(row["key"])
        entry = read_json(data)
        if (
            entry["t"] != "erasure.completed"
            or compute_mac(key, DOMAIN + to_canonical(row["body"])) != entry["c"]
        ):
            raise Refusal(f"the erasure at {row['index']} does not say what is opened here")

        past.note_erasure(row["body"])
