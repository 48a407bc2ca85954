"""Nothing left out and nothing slipped in: tables, rows that no entry places, openings, papers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from provenance.verifier.bundle import EVIDENCE, Bundle, get_head
from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.content_checks import DOMAIN, compute_mac
from provenance.verifier.intended_use_checks import withholds_words
from provenance.verifier.log_history import Past, compute_kid, read_table_rows
from provenance.verifier.merkle_proofs import check_hash_length, compute_proven_root, hash_leaf
from provenance.verifier.parsing import check_whole_number, decode_base64, read_json, to_canonical
from provenance.verifier.row_checks import EVIDENCE_TABLES, STATED, TABLES

PAPERS = {"README.txt", "verify.py", "c2pa-roots.pem", "keys.json", "checkpoint"}
PARTS = {
    "entries.jsonl",
    "leaves.bin",
    "proofs.jsonl",
    "openings.jsonl",
    "closings.jsonl",
    "records/consents.jsonl",
}
# What tells the rows of a table apart.
KEYS: dict[str, tuple[str, ...]] = {
    name: ("id",) for name in EVIDENCE_TABLES if name not in ("intended_uses", "notices")
}
KEYS |= {"intended_uses": ("grant", "sha256"), "notices": ("notice", "version", "locale")}
KNOWN = {*STATED, "controllers", "processing_activities"}


def check_completeness(bundle: Bundle, past: Past | None) -> str:
    """Every table and every file that belongs there, and no other; every row that records and log
    ask for.
    """
    missing = sorted(TABLES.get(bundle.manifest["kind"], set()) - set(bundle.tables))
    strange = sorted(set(bundle.tables) - KNOWN)
    if missing or strange:
        raise Refusal(
            "the table {} is {}".format(
                *((missing[0], "missing") if missing else (strange[0], "unknown"))
            )
        )
    named = {f"tables/{name}.{form}" for name in bundle.tables for form in ("jsonl", "csv")}
    for name in bundle.files.sizes:
        if name not in PAPERS | PARTS | named | {
            "manifest.json",
            "manifest.jws",
        } and not name.startswith("files/"):
            raise Refusal(f"{name} is no file of a bundle of this format")
    _check_rows_once(bundle)
    if past is None:
        return f"{len(bundle.tables)} tables"
    _check_grants(past)
    _check_purpose_words(past)
    _check_evidence(past)
    _check_voices(past)
    _check_notices(past)
    return (
        f"{len(bundle.tables)} tables, with every grant, paper, voice and notice that records and "
        "log name"
    )


def _check_rows_once(bundle: Bundle) -> None:
    """No row stands twice: a count of the rows would tell of more than there was."""
    for name, key in KEYS.items():
        found = Counter(
            tuple(row[column] for column in key) for row in read_table_rows(bundle, name)
        )
        twice = [row for row, number in found.items() if number > 1]
        if twice:
            raise Refusal(
                "{} stands twice in the table {}".format(" ".join(map(str, twice[0])), name)
            )


def _check_grants(past: Past) -> None:
    rows: dict[str, set[str]] = {}
    for row in read_table_rows(past.bundle, "grants"):
        rows.setdefault(row["consent"], set()).add(row["id"])
    strange = sorted(set(rows) - past.rows["consents"])
    if strange:
        raise Refusal(f"there are grants of {strange[0]}, which is not here")
    for consent_id in past.rows["consents"]:
        here = rows.get(consent_id, set())
        record, asked = past.records.get(consent_id), past.last(consent_id, "consent.requested")
        signed = {one["grant_id"] for one in record["said"]["processing"]} if record else set()
        listed = (
            {one["id"] for one in asked.body.get("grants", ())} if asked and asked.body else set()
        )
        if signed - here or listed - here:
            raise Refusal(f"the grant {min((signed | listed) - here)} of {consent_id} is left out")
        if listed and here - listed:
            raise Refusal(f"the grant {min(here - listed)} was never asked for")


def _check_purpose_words(past: Past) -> None:
    """The words of every purpose are here, but for those whose key an erasure destroyed, or all
    were left out.
    """
    if withholds_words(past.bundle):
        return
    speakers = {row["id"]: row["speaker"] for row in read_table_rows(past.bundle, "consents")}
    told = {row["grant"] for row in read_table_rows(past.bundle, "intended_uses")}
    for row in read_table_rows(past.bundle, "grants"):
        erased = past.erased_at(speakers.get(row["consent"])) is not None
        if "intended_uses_sha256" in row["signed"] and row["id"] not in told and not erased:
            raise Refusal(f"the words of the purpose {row['id']} are left out")


def _check_evidence(past: Past) -> None:
    rows = {row["id"]: row["consent"] for row in read_table_rows(past.bundle, "evidence")}
    if set(rows.values()) - past.rows["consents"]:
        raise Refusal("there is evidence of a consent that is not here")
    _check_delivery_proofs(past)
    for consent_id, record in past.records.items():
        for item in record["said"]["evidence"]:
            if rows.get(item["id"]) != consent_id:
                raise Refusal(f"the evidence {item['id']} of {consent_id} is left out")


def _check_delivery_proofs(past: Past) -> None:
    """What a server said of a link is here, and nothing that neither log nor record names, and
    nothing twice.
    """
    found = Counter(
        (row["consent"], row["sha256"]) for row in read_table_rows(past.bundle, "evidence")
    )
    if any(number > 1 for number in found.values()):
        raise Refusal("one piece of evidence stands twice, under two ids")
    for consent_id in past.rows["consents"]:
        sent = past.of(consent_id, "delivery.sent")
        said = {(consent_id, event.body["evidence"]) for event in sent if event.body is not None}
        if any(not found[one] for one in said):
            raise Refusal(f"what a server said of the link for {consent_id} is left out")
        record = past.records.get(consent_id)
        named = (
            {(consent_id, one["sha256"]) for one in record["said"]["evidence"]} if record else set()
        )
        strange = {one for one in found if one[0] == consent_id} - said - named
        closed = any(event.body is None for event in sent)
        if strange and past.of(consent_id, "consent.requested") and not closed:
            raise Refusal(f"there is evidence of {consent_id} that neither log nor record names")


def _check_voices(past: Past) -> None:
    states = {row["id"]: row["state"] for row in read_table_rows(past.bundle, "voices")}
    missing = sorted(past.voices - set(states))
    if missing:
        raise Refusal(f"the log knows the voice {missing[0]}, which is left out")
    samples = Counter(row["voice"] for row in read_table_rows(past.bundle, "samples"))
    if set(samples) - set(states):
        raise Refusal("there are samples of a voice that is not here")
    for voice_id, state in states.items():
        made = past.last(voice_id, "voice.ready")
        if (
            made
            and made.body
            and state == "ready"
            and samples[voice_id] != len(made.body["samples"])
        ):
            raise Refusal(f"the voice {voice_id} was made from another number of samples")


def _check_notices(past: Past) -> None:
    shown = {row["sha256"] for row in read_table_rows(past.bundle, "notices")}
    for row in read_table_rows(past.bundle, "consents"):
        if row["notice_sha256"] not in shown:
            raise Refusal(f"the notice that {row['id']} was given under is left out")


def check_closed_entries(past: Past) -> str:
    """Every entry that stays closed does so for a reason that the log itself gives: an erasure, or
    other data.
    """
    bundle = past.bundle
    _read_closings(bundle, past)
    keys, last = list(past.kids.values()), b""
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
    said = f"{erased} entries stay closed because of {len(keys)} erasures"
    other = "test" if bundle.manifest["livemode"] else "live"
    notes = (
        [f"{past.foreign} entries of {other} data, which this bundle does not open"]
        if past.foreign
        else []
    )
    notes += (
        [f"{past.old} closed entries of the first version, which do not say why"]
        if past.old
        else []
    )
    notes += (
        [f"{unexplained} entries of somebody who was erased again after a restore"]
        if unexplained
        else []
    )
    if notes:
        raise Skipped(f"{'; '.join(notes)}; {said}")
    return said if past.closed else "no entry stayed closed"


def _read_closings(bundle: Bundle, past: Past) -> None:
    """Take in the erasures outside of this range, each with its proof: they close entries inside of
    it.
    """
    if not bundle.has("closings.jsonl"):
        return
    _, size, root = get_head(bundle)
    for line in bundle.lines("closings.jsonl"):
        row = read_json(line)
        data, key = row["entry"].encode("utf-8"), decode_base64(row["key"])
        path = [check_hash_length(decode_base64(step)) for step in row["path"]]
        if (
            compute_proven_root(hash_leaf(data), check_whole_number(row["index"]), size, path)
            != root
        ):
            raise Refusal(f"the erasure at {row['index']} is not in the log")
        entry = read_json(data)
        if (
            entry["t"] != "erasure.completed"
            or compute_mac(key, DOMAIN + to_canonical(row["body"])) != entry["c"]
        ):
            raise Refusal(f"the erasure at {row['index']} does not say what is opened here")
        past.note_erasure(row["body"])


def say_papers(bundle: Bundle) -> str:
    """Say of the papers beside the evidence whose word they are."""
    here = Path(__file__)
    same = (
        bundle.has("verify.py")
        and here.name == "verify.py"
        and bundle.read("verify.py") == here.read_bytes()
    )
    notes = [
        "the verify.py in the bundle is this program"
        if same
        else "the verify.py in the bundle is another program"
    ]
    unused = {kid for keys in bundle.keys.values() for kid in keys} - bundle.used
    foreign = len(set(bundle.periods) - {kid for keys in bundle.keys.values() for kid in keys})
    if unused:
        notes.append(f"keys of keys.json that signed nothing in here, stated: {len(unused)}")
    if foreign:
        notes.append(
            f"keys of keys.json that are not among the pinned ones and count for nothing: {foreign}"
        )
    notes += [f"{name} is stated" for name in ("README.txt", "c2pa-roots.pem") if bundle.has(name)]
    if bundle.manifest["kind"] not in EVIDENCE:
        notes.append("nothing in this kind of bundle is proven from the log")
    raise Skipped("; ".join(notes))
