"""Facts about people and their consents, from the signed records and the log."""

from __future__ import annotations

import hashlib
from typing import Any

from provenance.verifier.log_history import Happened, Past, compute_kid, parse_milliseconds
from provenance.verifier.parsing import to_canonical
from provenance.verifier.provider_coverage import (
    ONLY_PROVIDER,
    find_left_providers,
    list_signed_providers,
)

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
    """Return the hash of a value in canonical form, as the log names scopes and reasons."""
    return hashlib.sha256(to_canonical(value)).hexdigest()


def derive_speaker_facts(row: Facts, past: Past) -> Facts:
    """Return what is known of a speaker: created, erased, and the state between."""
    created = past.places.get(row["log_index"])
    if created is None:
        return {}

    erased = past.erased_at(row["id"])
    known = created.body
    facts: Facts = {"created_at": created.at, "erased_at": erased}
    if known is not None:
        facts |= {"id": known.get("speaker"), "kind": known["kind"]}
    # Closed by this person's erasure, and by no other.
    elif row["id"] in past.kids:
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
    """Return what is known of a consent: the request, the signature, and the state."""
    asked = past.of(row["id"], "consent.requested")
    if not asked:
        return {}

    facts: Facts = {
        "id": row["id"],
        "created_at": asked[0].at,
        **_derive_request_facts(asked[0]),
        **_derive_state_facts(row, past),
    }

    record = past.records.get(row["id"])
    captured = find_signing(past, row["id"])
    if record is not None:
        facts["providers"] = list_signed_providers(record["said"])
    if "providers" in facts:
        left = find_left_providers(facts.pop("providers"), past.of(row["id"]))
        facts |= {} if left is None else {"providers": left}

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
        "providers": body.get("providers", [ONLY_PROVIDER]),
        "representation": body["representation"],
        "notice": notice["key"],
        "notice_version": notice["version"],
        "locale": notice["locale"],
        "notice_sha256": notice["sha256"],
    }


def _derive_signed_facts(record: Facts) -> Facts:
    said = record["said"]
    notice = said["notice"]
    term = said["events"][0]["validity_duration"]
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


def find_signing(past: Past, consent_id: Any) -> Happened | None:
    """Return the event of the signing.

    Later recordings have the same kind of event, without a record.
    """
    events = past.of(consent_id, "consent.captured")

    return next(
        (event for event in events if event.body is None or "record_sha256" in event.body), None
    )


def _derive_state_facts(row: Facts, past: Past) -> Facts:
    """Return state, end and pause from the kinds of events alone, which are in the open."""
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
