"""Decisions: how the answers of the gate are kept and logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final, cast

from consent import log_events
from consent.decision_context import LoadedContext
from consent.models import Consent, Decision, Grant
from consent.policy import evaluate
from consent.policy.types import AccessRequest, Reason
from consent.stored_requests import keep_code, request_to_json
from core import canonical_json, ids, transactions
from core.caller_notes import Notes
from core.canonical_json import Json
from core.clock import to_rfc3339
from vault import key_rings, sealed_notes
from vault.organisation_notes import OrganisationSealer

ANSWER_LASTS: Final = timedelta(seconds=60)


def reason_to_json(reason: Reason) -> dict[str, Json]:
    """Return a reason as the API writes it."""
    value = cast("dict[str, Json]", asdict(reason))
    return {**value, "granted": list(reason.granted)}


def read_reasons(decision: Decision) -> tuple[Reason, ...]:
    """Return the reasons of a stored decision as values."""
    return tuple(_reason_from_json(value) for value in decision.reasons)


def record_decision(
    request: AccessRequest,
    gathered: LoadedContext | None,
    grant: Grant | None,
    reasons: tuple[Reason, ...],
    *,
    preview: bool,
    at: datetime,
    actor: str,
    expires_at: datetime,
    notes: Notes | None = None,
) -> Decision:
    """Store one answer of the gate: allowed by `grant`, or refused for `reasons`.

    Codes and ids alone are stored, and what the caller noted, sealed.
    """
    consent = gathered.consent if gathered else None
    decision_id = ids.new("dec")
    return Decision.objects.create(
        id=decision_id,
        **_seal_notes(notes, decision_id, consent, request.organisation_id, at=at),
        organisation_id=request.organisation_id,
        livemode=request.livemode,
        preview=preview,
        allowed=grant is not None,
        actor=actor,
        consent=consent,
        grant=grant,
        voice_id=keep_code(request.voice_id) or "",
        epoch=consent.revocation_epoch if consent else None,
        record_sha256=consent.record_sha256 if consent else "",
        ask=request_to_json(request),
        reasons=[
            {**reason_to_json(reason), "required": _safe_value(reason.required)}
            for reason in reasons
        ],
        policy_version=evaluate.VERSION,
        created_at=at,
        expires_at=expires_at,
    )


@transactions.opens_transaction
def record_denial(
    request: AccessRequest,
    gathered: LoadedContext | None,
    reasons: tuple[Reason, ...],
    *,
    preview: bool,
    at: datetime,
    actor: str,
    notes: Notes | None = None,
) -> Decision:
    """Store and log a refusal, in a transaction of its own."""
    decision = record_decision(
        request,
        gathered,
        None,
        reasons,
        preview=preview,
        at=at,
        actor=actor,
        expires_at=at + ANSWER_LASTS,
        notes=notes,
    )
    log_decision(decision, gathered.consent if gathered else None, at=at, actor=actor)
    return decision


def open_decision_notes(decision: Decision) -> Notes:
    """Return the caller's notes on a question, opened. They are empty once its person is erased."""
    if decision.sealed_notes is None:
        return Notes()
    if decision.consent is None:
        return OrganisationSealer().open_notes(decision, organisation_id=decision.organisation_id)

    return sealed_notes.open_notes(decision, subjects=(decision.consent.speaker.subject,))


def open_keys_of_decisions(
    decisions: Iterable[Decision], *, organisation_id: str
) -> AbstractContextManager[None]:
    """Open the keys of the notes of many decisions at once, and hold them inside the context."""
    noted = [one for one in decisions if one.sealed_notes is not None]
    if not noted:
        return nullcontext()

    people = {one.consent.speaker.subject for one in noted if one.consent is not None}
    return key_rings.hold_subject_keys(people, organisation_id=organisation_id)


def _seal_notes(
    notes: Notes | None,
    decision_id: str,
    consent: Consent | None,
    organisation_id: str,
    *,
    at: datetime,
) -> dict[str, Any]:
    """Return the columns of notes, sealed under the person's key.

    A question that leads to no person has the organisation's.
    """
    if not notes:
        return {}

    if consent is None:
        return dict(
            OrganisationSealer().columns(
                notes, row_id=decision_id, organisation_id=organisation_id, at=at
            )
        )

    return sealed_notes.seal_notes(
        notes,
        subjects=(consent.speaker.subject,),
        row_id=decision_id,
        organisation_id=organisation_id,
        at=at,
    )


@transactions.requires_transaction
def log_decision(decision: Decision, consent: Consent | None, *, at: datetime, actor: str) -> str:
    """Log a decision and return the event's id. Make it the last statement of the transaction."""
    kind = "decision.allowed" if decision.allowed else "decision.denied"
    refs = {"decision": decision.id}
    if consent is not None:
        refs["consent"] = consent.id
    if decision.grant_id:
        refs["grant"] = decision.grant_id
    if ids.is_id(decision.voice_id, "vox"):
        refs["voice"] = decision.voice_id
    body: dict[str, Json] = {
        **cast("Mapping[str, Json]", decision.ask),
        "preview": decision.preview,
        "reasons": sorted({str(reason["code"]) for reason in decision.reasons}),
        "epoch": decision.epoch,
        "record_sha256": decision.record_sha256,
        "policy_version": decision.policy_version,
        "expires_at": to_rfc3339(decision.expires_at),
        "reasons_sha256": canonical_json.sha256_hex(canonical_json.dump(decision.reasons)),
    }
    return log_events.log_event(
        organisation_id=decision.organisation_id,
        livemode=decision.livemode,
        kind=kind,
        subject=consent.speaker.subject if consent is not None else None,
        refs=refs,
        speaker=consent.speaker_id if consent is not None else None,
        body=body,
        at=at,
        actor=actor,
    )


def _safe_value(value: str | int | None) -> str | int | None:
    return keep_code(value) if isinstance(value, str) else value


def _reason_from_json(value: Mapping[str, Any]) -> Reason:
    return Reason(
        code=str(value["code"]),
        detail=str(value["detail"]),
        consent=value["consent"],
        grant=value.get("grant"),  # older rows have none
        required=value["required"],
        granted=tuple(value["granted"]),
    )
