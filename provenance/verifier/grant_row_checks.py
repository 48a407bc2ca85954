"""Facts about grants, evidence and notices, from the signed records and the log."""

from __future__ import annotations

from typing import Any

from provenance.verifier.consent_row_checks import Facts, find_signing, hash_canonical
from provenance.verifier.log_history import Happened, Past, parse_milliseconds


def derive_grant_facts(row: Facts, past: Past) -> Facts:
    """Return what is known of a grant: as signed, and what narrowing left of it."""
    record = past.records.get(row["consent"])
    facts = Facts()
    signed = (
        {one["grant_id"]: one["scope"] for one in record["said"]["processing"]} if record else {}
    )

    asked = past.last(row["consent"], "consent.requested")
    listed = [one["id"] for one in asked.body.get("grants", ())] if asked and asked.body else []

    if row["id"] in listed:
        place = listed.index(row["id"])
        known = asked.body["grants"][place] if asked and asked.body else {}
        facts |= {
            "id": row["id"],
            "consent": row["consent"],
            "position": place,
            "use_case": row["signed"]["use_case"],
        }
        facts["signed"] = (
            row["signed"] if known["sha256"] == hash_canonical(row["signed"]) else None
        )

    if row["id"] in signed:
        facts |= {
            "id": row["id"],
            "consent": row["consent"],
            "signed": signed[row["id"]],
            "declined_at": None,
        }
        facts["use_case"] = signed[row["id"]]["use_case"]
    elif record is not None:
        captured = find_signing(past, row["consent"])
        facts["declined_at"] = (
            captured.at
            if captured
            else parse_milliseconds(record["said"]["events"][0]["event_time"])
        )
    elif past.of(row["consent"]):
        facts["declined_at"] = None

    return {**facts, **_derive_scope_facts(row, past)}


def _derive_scope_facts(row: Facts, past: Past) -> Facts:
    """Return the scope that is left: as signed, or as the last narrowing that touched it says."""
    removed = None
    scope = hash_canonical(row["signed"])

    for event in past.of(row["consent"], "consent.narrowed"):
        # Erased: which grants it narrowed is not known any more.
        if event.body is None or "scopes" not in event.body:
            return {}
        removed = event.at if row["id"] in event.body["removed"] else removed
        scope = event.body["scopes"].get(row["id"], scope)

    if not past.of(row["consent"]):
        return {}

    return {
        "removed_at": removed,
        "scope": row["scope"] if hash_canonical(row["scope"]) == scope else None,
    }


def derive_evidence_facts(row: Facts, past: Past) -> Facts:
    """Return what is known of evidence.

    A server's answer is in the log. The signed record names the other evidence.
    """
    sent = find_deliveries(row["consent"], past).get(row["sha256"])
    facts: Facts = {}

    if sent is not None:
        facts = {
            "consent": row["consent"],
            "kind": "mail_proof",
            "sha256": row["sha256"],
            "created_at": sent.at,
        }

    record = past.records.get(row["consent"])
    named = {one["id"]: one for one in record["said"]["evidence"]} if record else {}

    if record is None or row["id"] not in named:
        return facts

    if sent is None and named[row["id"]]["kind"] != "mail_proof":
        facts["created_at"] = parse_milliseconds(record["said"]["events"][0]["event_time"])

    return {**facts, "consent": record["id"], **named[row["id"]]}


def find_deliveries(consent_id: Any, past: Past) -> dict[str, Happened]:
    """Return the opened deliveries of links for a consent, by the hash of the server's answer."""
    sent = past.of(consent_id, "delivery.sent")

    return {event.body["evidence"]: event for event in sent if event.body is not None}


def derive_notice_facts(row: Facts, past: Past) -> Facts:
    """Return what is known of a notice: the hash of its text, and the record that names it."""
    facts: Facts = {"sha256": hash_canonical(row["body"]), "body": row["body"]}

    for record in past.records.values():
        notice = record["said"]["notice"]
        if notice["sha256"] == row["sha256"]:
            return {
                **facts,
                "notice": notice["key"],
                "version": notice["version"],
                "locale": notice["locale"],
            }

    return facts
