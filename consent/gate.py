"""The gate: no voice is made and no audio leaves without a permit from here.

1. `check` returns a Permit or raises, before the work. 2. `confirm` and `commit` stand in the
transaction that delivers, before the log's last line. 3. `release` gives back what a failed work
had set aside.

Locks are always taken in the order job, consent, log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, cast

from django.db import transaction

from consent import decision_records, permit_validity, quota
from consent.decision_context import LoadedContext
from consent.decision_records import read_reasons
from consent.evaluation import load_and_evaluate
from consent.lifecycle import sample_binding
from consent.models import Consent, Decision, Grant, GrantUsage, Reservation
from consent.permit_validity import (
    find_ended_permits,
    find_spent_quotas,
    may_repeat,
    may_still,
)
from consent.permits import ConsentDenied, Permit
from consent.policy import grant_scope
from consent.policy.consent_checks import find_missing_fact
from consent.policy.types import AccessRequest, GrantView, PolicyResult, Reason
from consent.voice_lookup import VoiceRow
from core import clock, connection_places, transactions
from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import NotFound

__all__ = [
    "AccessRequest", "ConsentDenied", "Permit", "charge_quota", "check", "commit", "confirm",
    "find_ended_permits", "find_spent_quotas", "get_permit", "may_repeat", "may_still",
    "preview_decision", "read_reasons", "release", "release_stale",
]  # fmt: skip

PERMIT_LASTS: Final = timedelta(hours=1)
ANSWER_LASTS: Final = decision_records.ANSWER_LASTS


def check(
    request: AccessRequest, *, at: datetime, actor: str, voice: VoiceRow | None = None
) -> Permit:
    """Find the one grant that covers the request, and return a permit.

    `voice` is the row of the request's voice, when the caller has just read it. Its binding is
    verified all the same.

    1. Load what the decision rests on, and evaluate it.
    2. Set the quota aside. The UPDATE's row count decides between callers who saw the same rest.
    3. Record the decision.
    4. Log it, as the last statement of the transaction.

    A refusal is recorded and logged in a transaction of its own before ConsentDenied is raised, so
    call this outside of any transaction. Raises ConsentDenied, PlacesTaken, and KeyEnded for an API
    key that may not do this any more, such as the one that queued a job. Raises ValueError for a
    request without its provider, or its text's language: a mistake in our code, and no permission.
    """
    if missing := find_missing_fact(request):
        raise ValueError(f"{request.action} needs {missing}")

    with connection_places.hold_consent_place(request.consent_id):
        permit_validity.check_actor(actor, request.action, at=at)

        with transaction.atomic():
            # 1.
            context, result = load_and_evaluate(request, at=at, voice=voice)

            if result.grant is not None and context is not None:
                # 2.
                grant = context.grants[result.grant.grant_id]
                characters, clips = _count_reserved(request)
                used = context.usages.get(grant.id)
                usage = quota.reserve_quota(grant, used, characters=characters, clips=clips, at=at)
                if usage is not None:
                    # 3. and 4.
                    return _issue_permit(request, context, grant, usage, at=at, actor=actor)

                result = _deny_for_quota(context, result.grant)

        decision = decision_records.record_denial(
            request, context, result.reasons, preview=False, at=at, actor=actor
        )

    raise ConsentDenied(result.reasons, decision_id=decision.id)


def preview_decision(
    request: AccessRequest, *, at: datetime, actor: str, notes: Notes | None = None
) -> Decision:
    """Decide whether the request would be allowed, record and log it, and use nothing.

    `notes` are what the caller writes beside the question. Never raises a denial, but PlacesTaken.
    """
    with connection_places.hold_consent_place(request.consent_id):
        with transaction.atomic():
            context, result = load_and_evaluate(request, at=at)

            if result.grant is not None and context is not None:
                grant = context.grants[result.grant.grant_id]
                ends = _answer_end(context.consent, at + ANSWER_LASTS)
                decision = decision_records.record_decision(
                    request,
                    context,
                    grant,
                    (),
                    preview=True,
                    at=at,
                    actor=actor,
                    expires_at=ends,
                    notes=notes,
                )
                decision_records.log_decision(decision, context.consent, at=at, actor=actor)
                return decision

        return decision_records.record_denial(
            request, context, result.reasons, preview=True, at=at, actor=actor, notes=notes
        )


@transactions.requires_transaction
def confirm(permit: Permit, *, at: datetime) -> None:
    """Raise ConsentDenied or KeyEnded unless the permit is still in force.

    Its consent stays locked until the caller's transaction ends. `may_still` reads epoch and state
    of the locked row, which everything that could end a permit changes, and asks for the rest. A
    withdrawal that committed first may carry a later time than `at`, so times decide nothing. The
    end of the term guards until the sweep has come by.
    """
    may_still(permit, at=at, lock=True)


@transactions.requires_transaction
def commit(permit: Permit, *, characters: int, milliseconds: int, at: datetime) -> None:
    """Spend what was really used and bind what was cloned from, after `confirm`.

    Raises ConsentDenied when more was used than is left, when the permit was settled before, and
    when its time is over.
    """
    used = {"characters": characters, "milliseconds": milliseconds}
    if permit.reservation is None or not quota.spend_reservation(
        permit.reservation, permit.limit, **used, at=at
    ):
        over = Reason(
            code="quota_exceeded",
            detail="More was used than is left of the quota.",
            consent=permit.consent_id,
            grant=permit.grant_id,
        )
        raise ConsentDenied((over,), decision_id=permit.decision_id)

    if permit.action == "clone":
        asked = Decision.objects.values_list("ask", flat=True).get(id=permit.decision_id)
        sample_binding.bind_samples(permit.consent_id, asked["samples"], at=at)


@transactions.requires_transaction
def charge_quota(permit: Permit, *, characters: int, milliseconds: int) -> bool:
    """Spend what has left already and cannot be taken back, whatever is left of the quota.

    Returns False for a permit that was settled before.
    """
    return permit.reservation is not None and quota.charge_reservation(
        permit.reservation, characters=characters, milliseconds=milliseconds
    )


@transactions.opens_transaction
def release(permit: Permit, *, at: datetime) -> bool:  # noqa: ARG001, same signature as `commit`
    """Release what `check` set aside.

    Returns True the first time, False for a permit that was settled before.
    """
    return permit.reservation is not None and quota.release_reservation(permit.reservation)


@transactions.opens_transaction
def release_stale(*, at: datetime, limit: int = 500) -> int:
    """Release what permits set aside and no call settled in time, and return how many. Swept."""
    stale = Reservation.objects.filter(state=Reservation.State.HELD, expires_at__lte=at).order_by(
        "pk"
    )[:limit]
    return sum(quota.release_reservation(reservation) for reservation in stale)


def get_permit(decision_id: str) -> Permit:
    """Load the permit of an allowed decision, in a worker. `confirm` still decides.

    Raises NotFound.
    """
    rows = Decision.objects.select_related(
        "consent__speaker", "grant", "organisation", "reservation"
    )
    row = rows.filter(id=decision_id, allowed=True, preview=False).first()
    if row is None or row.consent is None or row.grant is None:
        raise NotFound("There is no such permit.")
    return _build_permit(
        row,
        row.consent,
        row.grant,
        policy=row.organisation.policy,
        reservation=getattr(row, "reservation", None),
    )


def _deny_for_quota(context: LoadedContext, grant: GrantView) -> PolicyResult:
    facts = context.facts
    reason = Reason(
        code="quota_exceeded",
        detail="The rest of the quota went to another call.",
        consent=facts.consent.consent_id if facts.consent else None,
        grant=grant.grant_id,
        granted=() if grant.characters_left is None else (grant.characters_left,),
    )
    return PolicyResult(reasons=(reason,), grant=None)


def _issue_permit(
    request: AccessRequest,
    context: LoadedContext,
    grant: Grant,
    usage: GrantUsage,
    *,
    at: datetime,
    actor: str,
) -> Permit:
    consent = cast("Consent", context.consent)
    ends = _answer_end(consent, at + PERMIT_LASTS)
    decision = decision_records.record_decision(
        request, context, grant, (), preview=False, at=at, actor=actor, expires_at=ends
    )
    characters, clips = _count_reserved(request)
    reservation = quota.create_reservation(
        decision, usage, characters=characters, clips=clips, expires_at=ends
    )
    noted = decision_records.log_decision(decision, consent, at=at, actor=actor)
    permit_validity.remember_ground(decision.id, consent, context.policy)
    permit = _build_permit(decision, consent, grant, policy=context.policy, reservation=reservation)
    return replace(permit, event_id=noted)


def _count_reserved(request: AccessRequest) -> tuple[int, int]:
    """Return the characters and clips that a request sets aside. Cloning uses none."""
    return (request.characters, 1) if request.action == "synthesize" else (0, 0)


def _answer_end(consent: Consent | None, at_most: datetime) -> datetime:
    """Return when an answer ends: no later than the consent that it rests on."""
    until = consent.valid_until if consent else None
    return at_most if until is None else min(at_most, until)


def _build_permit(
    decision: Decision,
    consent: Consent,
    grant: Grant,
    *,
    policy: Mapping[str, Json],
    reservation: Reservation | None,
) -> Permit:
    asked = cast("Mapping[str, str | None]", decision.ask)
    return Permit(
        decision_id=decision.id,
        actor=decision.actor,
        action=str(asked["action"]),
        voice_id=decision.voice_id,
        consent_id=consent.id,
        grant_id=grant.id,
        epoch=decision.epoch or 0,
        subject=consent.speaker.subject,
        speaker_id=consent.speaker_id,
        record_sha256=decision.record_sha256,
        language=asked["language"],
        use_case=asked["use_case"] or grant.use_case,
        channel=asked["channel"],
        territory=asked["territory"],
        policy_version=decision.policy_version,
        expires_at=decision.expires_at,
        min_disclosure=str(grant.scope.get("min_disclosure", "none")),
        terms={
            **grant_scope.scope_to_codes(grant.scope),
            "assurance": consent.assurance,
            "valid_until": clock.to_rfc3339(consent.valid_until) if consent.valid_until else None,
        },
        policy=dict(policy),
        limit=grant_scope.get_quota_limits(grant.scope),
        reservation=reservation,
    )
