"""Replay of the log: every allowed decision and every clip against the consent of that time."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.consent_row_checks import Facts, hash_canonical
from provenance.verifier.entry_checks import get_refs
from provenance.verifier.log_history import Happened, Past, parse_milliseconds
from provenance.verifier.provider_coverage import get_asked_provider, list_uncovered_provider
from provenance.verifier.scope_coverage import list_uncovered_fields
from provenance.verifier.table_checks import read_table_rows

BEGINS = datetime(1970, 1, 1, tzinfo=timezone.utc)
# The events after which a consent is in force, and those after which it is not.
IN_FORCE_AFTER = {"consent.activated": True, "consent.resumed": True}
NOT_REPLAYED = (
    "stated, not proven: that quotas, holds, levels, approvals of imports and exclusions of other "
    "consents were kept"
)
NOT_IN_FORCE_AFTER = (
    "consent.suspended",
    "consent.revoked",
    "consent.expired",
    "consent.superseded",
)


class HeldPermit(NamedTuple):
    """What a decision is compared with: the record, the grants as signed, and as in their rows."""

    record: Facts
    signed: dict[str, Facts]
    present: dict[str, Facts]


class Tally:
    """Counts of what was replayed, and of what could not be."""

    def __init__(self) -> None:
        self.decisions = self.clips = self.closed = self.earlier = self.between = 0
        # Decisions that a clip rests on.
        self.spent: set[str] = set()


def check_permits(past: Past) -> str:
    """Check that allowed decisions and clips lie in the signed scope, while their consent was in
    force.
    """
    present = {row["id"]: row["scope"] for row in read_table_rows(past.bundle, "grants")}
    tally = Tally()

    for row in read_table_rows(past.bundle, "decisions"):
        event = past.last(row["id"], "decision.allowed")
        if event is not None:
            _replay_decision(event, past, present, tally)

    for row in read_table_rows(past.bundle, "clips"):
        event = past.last(row["id"], "clip.issued")
        if event is not None:
            _replay_issue(event, past, present, tally)

    said = (
        f"{tally.decisions} allowed decisions and {tally.clips} clips, each within what was signed "
        "while it stood"
    )

    left = [
        f"{number} {what}"
        for number, what in (
            (tally.closed, "whose entry is closed"),
            (tally.earlier, "whose consent began before this range"),
            (tally.between, "held against the scope as signed, since it was narrowed again later"),
        )
        if number
    ]

    if left:
        raise Skipped(f"{said}; not replayed in full: {', '.join(left)}; {NOT_REPLAYED}")

    return f"{said}; {NOT_REPLAYED}"


def _replay_decision(event: Happened, past: Past, present: dict[str, Facts], tally: Tally) -> None:
    name = f"decision {get_refs(event.entry).get('decision')}"
    held = _find_held_permit(event, past, present, tally, name)
    if held is None:
        return

    consent_id, body = get_refs(event.entry)["consent"], event.body or {}
    if body["record_sha256"] != held.record["sha256"]:
        raise Refusal(f"{name} rests on another record than the one that was signed")

    before = [one for one in past.of(consent_id) if (one.at, one.place) < (event.at, event.place)]
    if not _was_consent_active(before):
        raise Refusal(f"{name} was allowed while consent {consent_id} did not stand")
    if not _is_in_term(event, held):
        raise Refusal(f"{name} was allowed outside of the term that was signed")
    if body["epoch"] is None or body["epoch"] < _get_epoch_after(before):
        raise Refusal(f"{name} was allowed in an epoch that had ended")

    scope = _replay_scope(get_refs(event.entry).get("grant"), before, held, tally, name)
    missing = list_uncovered_fields(scope, body, _to_day(event))
    missing += list_uncovered_provider(body, held.record["said"], before)
    if missing:
        raise Refusal(
            "{} was allowed outside of what was signed: {}".format(name, ", ".join(missing))
        )

    tally.decisions += 1


def _find_held_permit(
    event: Happened, past: Past, present: dict[str, Facts], tally: Tally, name: str
) -> HeldPermit | None:
    consent_id = get_refs(event.entry).get("consent")
    if consent_id not in past.rows["consents"]:
        raise Refusal(f"{name} rests on no consent that is here")

    if event.body is None:
        tally.closed += 1
        return None

    if not past.of(consent_id, "consent.requested"):
        tally.earlier += 1
        return None

    record = past.records.get(consent_id)
    if record is None:
        raise Refusal(f"{name} was allowed, and consent {consent_id} was never signed")

    return HeldPermit(
        record, {one["grant_id"]: one["scope"] for one in record["said"]["processing"]}, present
    )


def _was_consent_active(events: list[Happened]) -> bool:
    active = False
    for event in events:
        active = IN_FORCE_AFTER.get(event.kind, active and event.kind not in NOT_IN_FORCE_AFTER)

    return active


def _is_in_term(event: Happened, held: HeldPermit) -> bool:
    term = held.record["said"]["events"][0]["validity_duration"]

    return (
        (parse_milliseconds(term["from"]) or 0)
        <= event.at
        < (parse_milliseconds(term["until"]) or 0)
    )


def _get_epoch_after(events: list[Happened]) -> int:
    return max((one.body["epoch"] for one in events if one.body and "epoch" in one.body), default=0)


def _to_day(event: Happened) -> date:
    return (BEGINS + timedelta(milliseconds=event.at)).date()


def _replay_scope(
    grant: str | None, before: list[Happened], held: HeldPermit, tally: Tally, name: str
) -> Facts:
    """Return the scope of a grant at that time, as far as its bytes are here."""
    if grant is None or grant not in held.signed:
        raise Refusal(f"{name} rests on a grant that was not signed")

    signed: Facts = held.signed[grant]
    known = hash_canonical(signed)
    for narrowing in before:
        if narrowing.kind == "consent.narrowed" and narrowing.body is not None:
            if grant in narrowing.body["removed"]:
                raise Refusal(f"{name} rests on a grant that had been taken back")
            known = narrowing.body.get("scopes", {}).get(grant, known)

    if known == hash_canonical(signed):
        return signed
    if known == hash_canonical(held.present.get(grant)):
        return held.present[grant]

    tally.between += 1

    return signed


def _replay_issue(event: Happened, past: Past, present: dict[str, Facts], tally: Tally) -> None:
    refs = get_refs(event.entry)
    name = f"clip {refs.get('clip')}"

    decided = _find_decision(event, past, tally, name)
    if decided is None:
        return

    held = _find_held_permit(event, past, present, tally, name)
    if held is None:
        return

    # Both are written while the consent's row is locked, so their order in the log is the order in
    # which they happened.
    before = [one for one in past.of(refs["consent"]) if one.place < event.place]
    if not _was_consent_active(before):
        raise Refusal(f"{name} was issued while consent {refs['consent']} did not stand")
    if not _is_in_term(event, held):
        raise Refusal(f"{name} was issued outside of the term that was signed")

    if decided.body is None:
        tally.closed += 1
        return

    _check_issued_words(event.body or {}, decided, held, name)
    scope = _replay_scope(get_refs(decided.entry).get("grant"), before, held, tally, name)
    missing = list_uncovered_fields(scope, decided.body, _to_day(event))
    missing += list_uncovered_provider(decided.body, held.record["said"], before)
    if missing:
        raise Refusal(
            "{} was issued outside of what was signed: {}".format(name, ", ".join(missing))
        )

    _check_permit(event, decided, before, name)
    tally.clips += 1


def _find_decision(event: Happened, past: Past, tally: Tally, name: str) -> Happened | None:
    """Return the decision that allowed this clip, and no other clip.

    None if it lies before the range of the bundle.
    """
    refs = get_refs(event.entry)
    decision_id = refs.get("decision", "")

    if len(past.of(refs.get("clip"), "clip.issued")) > 1:
        raise Refusal(f"{name} was issued twice")
    if decision_id in tally.spent:
        raise Refusal(f"{name} is the second one of decision {decision_id}, which allowed one")

    tally.spent.add(decision_id)
    decided = past.last(decision_id, "decision.allowed", "decision.denied")
    if decided is None:
        if decision_id in past.foreign_decisions:
            other = "test" if past.bundle.manifest["livemode"] else "live"
            raise Refusal(f"{name} rests on a decision of {other} data")
        if past.holds_all():
            raise Refusal(f"{name} rests on a decision that is not here")

        tally.earlier += 1
        return None

    if decided.kind != "decision.allowed" or get_refs(decided.entry).get("consent") != refs.get(
        "consent"
    ):
        raise Refusal(f"{name} rests on a decision that allowed nothing of the kind")

    if decided.place > event.place:
        raise Refusal(f"{name} was issued before the decision that it rests on")

    return decided


def _check_permit(event: Happened, decided: Happened, before: list[Happened], name: str) -> None:
    """Check that the permit was valid when the clip was issued.

    It must be one to speak, not expired, and of an epoch that had not ended.
    """
    allowed = decided.body or {}

    if allowed["preview"] or allowed["action"] != "synthesize":
        raise Refusal(f"{name} rests on a decision that was no permit to speak")
    if "expires_at" in allowed and event.at >= (parse_milliseconds(allowed["expires_at"]) or 0):
        raise Refusal(f"{name} was issued when its decision had expired")
    if allowed["epoch"] is None or allowed["epoch"] < _get_epoch_after(before):
        raise Refusal(f"{name} rests on a decision of an epoch that had ended")


def _check_issued_words(
    body: dict[str, Any], decided: Happened, held: HeldPermit, name: str
) -> None:
    """Check that a clip speaks what its decision allowed, under its grant and record."""
    refs = get_refs(decided.entry)
    allowed = decided.body or {}

    if body["grant"] != refs.get("grant") or body["record_sha256"] != held.record["sha256"]:
        raise Refusal(f"{name} rests on another grant or record than its decision")
    if body["language"] != allowed["language"]:
        raise Refusal(f"{name} speaks another language than its decision allowed")
    if body["provider"] != get_asked_provider(allowed):
        raise Refusal(f"{name} was made by another provider than its decision allowed")
    if body["use_case"] != allowed["use_case"]:
        raise Refusal(f"{name} is of another use than its decision")
    if (body["voice"] or None) != refs.get("voice"):
        raise Refusal(f"{name} speaks with another voice than its decision allowed")
    if body["asked"] != {field: allowed[field] for field in ("channel", "territory")}:
        raise Refusal(f"{name} goes to another channel or territory than its decision allowed")
