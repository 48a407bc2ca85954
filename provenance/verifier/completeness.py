"""Checks that nothing is left out and nothing added: tables, rows, openings, papers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from provenance.verifier.bundle import EVIDENCE, Bundle
from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.intended_use_checks import withholds_words
from provenance.verifier.log_history import Past
from provenance.verifier.row_checks import EVIDENCE_TABLES, STATED, TABLES
from provenance.verifier.table_checks import read_table_rows

PAPERS = {"README.txt", "verify.py", "c2pa-roots.pem", "keys.json", "checkpoint"}
PARTS = {
    "entries.jsonl",
    "leaves.bin",
    "proofs.jsonl",
    "openings.jsonl",
    "closings.jsonl",
    "records/consents.jsonl",
}
# The columns that identify a row of each table.
KEYS: dict[str, tuple[str, ...]] = {
    name: ("id",) for name in EVIDENCE_TABLES if name not in ("intended_uses", "notices")
}
KEYS |= {"intended_uses": ("grant", "sha256"), "notices": ("notice", "version", "locale")}
KNOWN = {*STATED, "controllers", "processing_activities"}


def check_completeness(bundle: Bundle, past: Past | None) -> str:
    """Check that every table, file and row that belongs here is here, and no other.

    Which rows belong here is known from the records and the log.
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
    """Check that no row is there twice: a count of the rows would then be too high."""
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
        record = past.records.get(consent_id)
        asked = past.last(consent_id, "consent.requested")
        signed = {one["grant_id"] for one in record["said"]["processing"]} if record else set()
        listed = (
            {one["id"] for one in asked.body.get("grants", ())} if asked and asked.body else set()
        )

        if signed - here or listed - here:
            raise Refusal(f"the grant {min((signed | listed) - here)} of {consent_id} is left out")
        if listed and here - listed:
            raise Refusal(f"the grant {min(here - listed)} was never asked for")


def _check_purpose_words(past: Past) -> None:
    """Check that the words of every purpose are here.

    They may be missing if an erasure destroyed their key, or if the bundle leaves all of them out.
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
    """Check that the servers' answers to links are here once, and no others.

    An answer belongs here if the log or a record names it.
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


def say_papers(bundle: Bundle) -> str:
    """Skip with the papers beside the evidence, and whose word they are."""
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
