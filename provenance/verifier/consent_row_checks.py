"""What rows about people and their consents have to say: from the signed records and the log."""

from __future__ import annotations

import hashlib
from typing import Any

from provenance.verifier.log_history import Happened, Past, compute_kid, parse_milliseconds
from provenance.verifier.parsing import to_canonical

STATE_AFTER = {
    "consent.requested": "requested", "consent.captured": "captured", "consent.activated": "active",
    "consent.resumed": "active", "consent.suspended": "suspended", "consent.declined": "declined",
    "consent.expired": "expired", "consent.superseded": "superseded", "consent.lapsed": "lapsed",
    "consent.rejected": "rejected",
}  # fmt: skip
STATE_BY = {"person": "withdrawn", "organisation": "terminated", "authority": "invalidated"}
ENDED = (
    "consent.revoked",
    "consent.expired",
    "consent.superseded",
    "consent.declined",
    "consent.lapsed",
    "consent.rejected",
)
Facts = dict[str, Any]


def hash_canonical(value: Any) -> str:
    """Hash a value in canonical form, as the log names scopes and reasons."""
    return hashlib.sha256(to_canonical(value)).hexdigest()


def derive_speaker_facts(row: Facts, past: Past) -> Facts:
    """A speaker: created, erased, and the state between."""
    created = past.places.get(row["log_index"])
    if created is None:
        return {}
    erased, known = past.erased_at(row["id"]), created.body
    facts: Facts = {"created_at": created.at, "erased_at": erased}
    if known is not None:
        facts |= {"id": known.get("speaker"), "kind": known["kind"]}
    elif row["id"] in past.kids:  # closed by this person's erasure, and by no other
        own = compute_kid(past.kids[row["id"]], created.entry["id"])
        facts["id"] = row["id"] if own == created.entry["kid"] else None
    if erased is not None:
        return {**facts, "state": "erased"}
    states = [
        event.body["state"]
        for event in past.speakers.get(row["id"], ())
        if event.body and "state" in event.body
    ]
    return {**facts, "state": states[-1] if states else "active"}


def derive_consent_facts(row: Facts, past: Past) -> Facts:
    """A consent: what was asked for, what was signed, and where it stands."""
    asked = past.of(row["id"], "consent.requested")
    if not asked:
        return {}
    facts: Facts = {
        "id": row["id"],
        "created_at": asked[0].at,
        **_derive_request_facts(asked[0]),
        **_derive_state_facts(row, past),
    }
    record, captured = past.records.get(row["id"]), _find_signing(past, row["id"])
    if captured is None and record is None:
        never = ("record_sha256", "record_key", "method", "signed_at", "valid_from", "valid_until")
        return {**facts, **dict.fromkeys(never)}
    if record is not None:
        facts |= _derive_signed_facts(record)
    if captured is not None:
        facts["signed_at"] = captured.at
        if captured.body is not None:
            facts["record_sha256"] = captured.body["record_sha256"]
    return facts


def _derive_request_facts(asked: Happened) -> Facts:
    body = asked.body
    if body is None or "notice" not in body:
        return {}
    notice = body["notice"]
    return {
        "speaker": body["speaker"],
        "assurance": body["assurance"],
        "supersedes": body.get("supersedes"),
        "jurisdictions": body["jurisdictions"],
        "representation": body["representation"],
        "notice": notice["key"],
        "notice_version": notice["version"],
        "locale": notice["locale"],
        "notice_sha256": notice["sha256"],
    }


def _derive_signed_facts(record: Facts) -> Facts:
    said = record["said"]
    notice, term = said["notice"], said["events"][0]["validity_duration"]
    facts = {
        "id": said["header"]["record_id"],
        "speaker": said["header"]["pii_principal_id"],
        "supersedes": said["header"]["supersedes"],
        "assurance": said["assurance"],
        "method": said["events"][0]["expression_method"],
        "representation": said["representation"],
        "notice": notice["key"],
        "notice_version": notice["version"],
        "locale": notice["locale"],
        "notice_sha256": notice["sha256"],
        "valid_from": parse_milliseconds(term["from"]),
        "valid_until": parse_milliseconds(term["until"]),
        "signed_at": parse_milliseconds(said["events"][0]["event_time"]),
        "record_sha256": record["sha256"],
        "record_key": record["kid"],
    }
    if said["processing"]:
        facts["jurisdictions"] = said["processing"][0]["jurisdiction"]
    return facts


def _find_signing(past: Past, consent_id: Any) -> Happened | None:
    """The event of the signing; recordings that are bound later are of the same kind, without a
    record.
    """
    events = past.of(consent_id, "consent.captured")
    return next(
        (event for event in events if event.body is None or "record_sha256" in event.body), None
    )


def _derive_state_facts(row: Facts, past: Past) -> Facts:
    """State, end and pause, from the kinds of events alone: those stand in the open."""
    state, ended, revoked, paused = "requested", None, None, None
    for event in past.of(row["id"]):
        if event.kind == "consent.revoked":
            said = event.body["state"] if event.body else None
            state = STATE_BY.get(event.entry.get("by", ""), said or row["state"])
            revoked = event.at
        elif not (
            event.kind == "consent.captured"
            and event.body is not None
            and "record_sha256" not in event.body
        ):
            state = STATE_AFTER.get(event.kind, state)
        if event.kind in ENDED:
            ended = event.at
        if event.kind == "consent.suspended" and event.body is not None:
            paused = (
                "speaker" if str(event.body["actor"]).startswith("speaker:") else "organisation"
            )
        if event.kind == "consent.resumed":
            paused = None
    facts: Facts = {"ended_at": ended, "revoked_at": revoked, "state": state}
    if past.erased_at(row["speaker"]) is not None:
        return {**facts, "state": "erased"}
    return {**facts, "suspended_by": paused}


def derive_grant_facts(row: Facts, past: Past) -> Facts:
    """A grant: as it was signed, and what narrowing left of it."""
    record, facts = past.records.get(row["consent"]), Facts()
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
        captured = _find_signing(past, row["consent"])
        facts["declined_at"] = (
            captured.at
            if captured
            else parse_milliseconds(record["said"]["events"][0]["event_time"])
        )
    elif past.of(row["consent"]):
        facts["declined_at"] = None
    return {**facts, **_derive_scope_facts(row, past)}


def _derive_scope_facts(row: Facts, past: Past) -> Facts:
    """The scope that is left: as signed, or as the last narrowing that touched it says."""
    removed, scope = None, hash_canonical(row["signed"])
    for event in past.of(row["consent"], "consent.narrowed"):
        if event.body is None or "scopes" not in event.body:
            return {}  # erased: nobody can say which grants it narrowed
        removed = event.at if row["id"] in event.body["removed"] else removed
        scope = event.body["scopes"].get(row["id"], scope)
    if not past.of(row["consent"]):
        return {}
    return {
        "removed_at": removed,
        "scope": row["scope"] if hash_canonical(row["scope"]) == scope else None,
    }


def derive_evidence_facts(row: Facts, past: Past) -> Facts:
    """Evidence: a server's word where the log has it, everything else where the signed record names
    it.
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
    """Give by hash what servers said when they took a link for this consent, as far as those
    entries are open.
    """
    sent = past.of(consent_id, "delivery.sent")
    return {event.body["evidence"]: event for event in sent if event.body is not None}


def derive_notice_facts(row: Facts, past: Past) -> Facts:
    """A notice: its hash is that of its text, and the one that a record names."""
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
