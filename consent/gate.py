"""The gate: no voice is made and no audio leaves without a permit from here. It gives a Permit or raises.

The way of a call: `check` before the work; in the transaction that delivers `confirm`, `commit` and the log's last
line; `release` when the work failed. Lock order everywhere: job, consent, log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, cast

from django.db import transaction

from consent import decisions, quota, record_check
from consent import facts as facts_of
from consent.decisions import reasons_of, shown
from consent.explaining import explain
from consent.facts import Gathered
from consent.life import samples
from consent.models import Consent, Decision, Grant, GrantUsage, Reservation
from consent.rules import policy, scopes
from consent.rules.asks import Ask, GrantFacts, Reason, Verdict
from consent.rules.states import State
from core import clock, tx
from core.canonical import Json
from core.errors import Fault, NotFound, Refused

__all__ = [
    "Ask", "ConsentDenied", "Permit", "charge", "check", "commit", "confirm", "ended", "permit_of", "preview",
    "reasons_of", "release", "release_stale", "still_holds",
]  # fmt: skip

logger = logging.getLogger(__name__)

PERMIT_LASTS: Final = timedelta(hours=1)
ANSWER_LASTS: Final = timedelta(seconds=60)


class ConsentDenied(Refused):
    """No consent covers this call; the answer lists all reasons, and names the decision.

    `decision_id` is None for a refusal on delivery, which is the end of a decision and none of its own.
    """

    code = "consent_denied"

    def __init__(self, reasons: tuple[Reason, ...], *, decision_id: str | None = None) -> None:
        super().__init__(
            "No consent covers this call. " + " ".join(dict.fromkeys(reason.detail for reason in reasons)),
            faults=tuple(Fault(code=reason.code, detail=reason.detail) for reason in reasons),
            facts={"reasons": [shown(reason) for reason in reasons], "decision": decision_id},
        )
        self.reasons = reasons
        self.decision_id = decision_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Proof of one positive decision. Made by `check` alone; must be confirmed in the transaction that delivers.

    `epoch` is the consent's revocation epoch then, `subject` the speaker's vault subject, `terms` what a receipt may
    say of the grant, in codes, `event_id` the decision's log entry (empty when the permit is given again).
    """

    decision_id: str
    consent_id: str
    grant_id: str
    epoch: int
    subject: str
    speaker_id: str
    record_sha256: str
    language: str | None
    use_case: str
    channel: str | None
    territory: str | None
    policy_version: str
    expires_at: datetime
    min_disclosure: str
    terms: Mapping[str, Json]
    event_id: str = ""


def check(ask: Ask, *, at: datetime, actor: str) -> Permit:
    """Find the one grant that covers the ask, set its quota aside, record and log the decision.

    Opens a transaction of its own; a refusal is recorded and logged in another before ConsentDenied is raised, so call
    it outside of any transaction.
    """
    with transaction.atomic():
        # 1. read what the decision rests on   2. judge it
        gathered, verdict = _judge(ask, at=at)
        if verdict.grant is not None and gathered is not None:
            # 3. set the quota aside: the UPDATE's row count decides between callers who saw the same remainder
            grant = gathered.grants[verdict.grant.grant_id]
            characters, clips = (ask.characters, 1) if ask.action == "synthesize" else (0, 0)
            usage = quota.reserve(grant, characters=characters, clips=clips, at=at)
            if usage is not None:
                # 4. record   5. log, as the last statement
                return _allow(ask, gathered, grant, usage, at=at, actor=actor)
            verdict = _too_late(gathered, verdict.grant)
    decision = _deny(ask, gathered, verdict, preview=False, at=at, actor=actor)
    raise ConsentDenied(verdict.reasons, decision_id=decision.id)


def preview(ask: Ask, *, at: datetime, actor: str) -> Decision:
    """Answer whether the ask would be allowed, recorded and logged, without using anything. Never raises a denial."""
    with transaction.atomic():
        gathered, verdict = _judge(ask, at=at)
        if verdict.grant is not None and gathered is not None:
            grant = gathered.grants[verdict.grant.grant_id]
            ends = _end(gathered.consent, at + ANSWER_LASTS)
            decision = decisions.record(ask, gathered, grant, (), preview=True, at=at, actor=actor, expires_at=ends)
            decisions.note(decision, gathered.consent, at=at, actor=actor)
            return decision
    return _deny(ask, gathered, verdict, preview=True, at=at, actor=actor)


@tx.required
def confirm(permit: Permit, *, at: datetime) -> None:
    """Raise ConsentDenied unless the consent still stands as it stood; keeps it locked until the transaction ends.

    Compares epoch and state, which everything that could end a permit changes. A revocation that committed first may
    carry a later time than `at`, so times decide nothing; the end of the term is a guard until the sweep was there.
    """
    rows = Consent.objects.select_for_update(no_key=True).filter(id=permit.consent_id)
    row = rows.only("id", "state", "revocation_epoch", "valid_until").first()
    reason = _against(permit, (row.state, row.revocation_epoch, row.valid_until) if row else None, at=at)
    if reason is not None:
        raise ConsentDenied((reason,))


def ended(running: Iterable[tuple[Permit, datetime]]) -> dict[str, ConsentDenied]:
    """Which of the running permits hold no longer, by decision: one question for all of them, and no lock.

    For streams, which ask many times a second; that a clip was issued is still decided by `confirm`.
    """
    pairs = tuple(running)
    rows = Consent.objects.filter(id__in={permit.consent_id for permit, _ in pairs})
    found = {row[0]: row[1:] for row in rows.values_list("id", "state", "revocation_epoch", "valid_until")}
    reasons = {permit.decision_id: _against(permit, found.get(permit.consent_id), at=at) for permit, at in pairs}
    return {decision: ConsentDenied((reason,), decision_id=decision) for decision, reason in reasons.items() if reason}


@tx.required
def commit(permit: Permit, *, characters: int, milliseconds: int, at: datetime) -> None:
    """Spend what was really used and bind what was cloned from, after `confirm`.

    Raises ConsentDenied when more was used than is left, and when the permit was settled before.
    """
    reservation = Reservation.objects.select_related("decision").filter(decision_id=permit.decision_id).first()
    if reservation is None or not quota.spend(reservation, characters=characters, milliseconds=milliseconds):
        raise ConsentDenied((_ended("quota_exceeded", "More was used than is left of the quota.", permit.consent_id),))
    asked = reservation.decision.ask
    if asked["action"] == "clone":
        samples.bind(permit.consent_id, asked["samples"], at=at)


@tx.required
def charge(permit: Permit, *, characters: int, milliseconds: int) -> bool:
    """Spend what has left already and cannot be taken back, whatever is left; False for a permit settled before."""
    reservation = Reservation.objects.filter(decision_id=permit.decision_id).first()
    return reservation is not None and quota.charge(reservation, characters=characters, milliseconds=milliseconds)


@tx.opened
def release(permit: Permit, *, at: datetime) -> bool:  # noqa: ARG001 - one shape with its neighbours
    """Give back what `check` set aside. True the first time, False for a permit that was settled before."""
    reservation = Reservation.objects.filter(decision_id=permit.decision_id).first()
    return reservation is not None and quota.give_back(reservation)


@tx.opened
def release_stale(*, at: datetime, most: int = 500) -> int:
    """Give back what permits set aside that nobody settled in time. Swept; gives their number."""
    stale = Reservation.objects.filter(state=Reservation.State.HELD, expires_at__lte=at).order_by("pk")[:most]
    return sum(quota.give_back(reservation) for reservation in stale)


def still_holds(decision_id: str, *, at: datetime) -> bool:
    """Say whether the consent behind an allowed decision stands as it stood then."""
    row = Decision.objects.select_related("consent").filter(id=decision_id, allowed=True).first()
    consent = row.consent if row else None
    return (
        row is not None
        and consent is not None
        and consent.state == State.ACTIVE
        and consent.revocation_epoch == row.epoch
        and consent.valid_until is not None
        and at < consent.valid_until
    )


def permit_of(decision_id: str) -> Permit:
    """Give the permit of an allowed decision again, in a worker. Raises NotFound; `confirm` still decides."""
    rows = Decision.objects.select_related("consent__speaker", "grant")
    row = rows.filter(id=decision_id, allowed=True, preview=False).first()
    if row is None or row.consent is None or row.grant is None:
        raise NotFound("There is no such permit.")
    return _permit(row, row.consent, row.grant)


def _judge(ask: Ask, *, at: datetime) -> tuple[Gathered | None, Verdict]:
    """Gather and judge. Whatever goes wrong in here is a refusal: the gate denies when it is in doubt."""
    try:
        with transaction.atomic():
            gathered = facts_of.gather(ask, at=at)
            if gathered.chain:
                record_check.check(gathered.chain, gathered.signed, on=at.date())
            verdict = policy.judge(ask, gathered.facts)
            return gathered, replace(verdict, reasons=tuple(explain(reason) for reason in verdict.reasons))
    except Exception:
        logger.exception("the gate was in doubt")
        doubt = Reason(code="internal_doubt", detail="The decision could not be made; nothing is allowed in doubt.")
        return None, Verdict(reasons=(doubt,), grant=None)


def _too_late(gathered: Gathered, grant: GrantFacts) -> Verdict:
    facts = gathered.facts
    reason = Reason(
        code="quota_exceeded",
        detail="The rest of the quota went to another call.",
        consent=facts.consent.consent_id if facts.consent else None,
        granted=() if grant.characters_left is None else (grant.characters_left,),
    )
    return Verdict(reasons=(reason,), grant=None)


def _allow(ask: Ask, gathered: Gathered, grant: Grant, usage: GrantUsage, *, at: datetime, actor: str) -> Permit:
    consent = cast("Consent", gathered.consent)
    ends = _end(consent, at + PERMIT_LASTS)
    decision = decisions.record(ask, gathered, grant, (), preview=False, at=at, actor=actor, expires_at=ends)
    characters, clips = (ask.characters, 1) if ask.action == "synthesize" else (0, 0)
    quota.keep(decision, usage, characters=characters, clips=clips, expires_at=at + PERMIT_LASTS)
    noted = decisions.note(decision, consent, at=at, actor=actor)
    return replace(_permit(decision, consent, grant), event_id=noted)


def _end(consent: Consent | None, at_most: datetime) -> datetime:
    """Give when an answer ends: no later than the consent that it rests on."""
    until = consent.valid_until if consent else None
    return at_most if until is None else min(at_most, until)


def _permit(decision: Decision, consent: Consent, grant: Grant) -> Permit:
    ask = cast("Mapping[str, str | None]", decision.ask)
    return Permit(
        decision_id=decision.id,
        consent_id=consent.id,
        grant_id=grant.id,
        epoch=decision.epoch or 0,
        subject=consent.speaker.subject,
        speaker_id=consent.speaker_id,
        record_sha256=decision.record_sha256,
        language=ask["language"],
        use_case=ask["use_case"] or grant.use_case,
        channel=ask["channel"],
        territory=ask["territory"],
        policy_version=decision.policy_version,
        expires_at=decision.expires_at,
        min_disclosure=str(grant.scope.get("min_disclosure", "none")),
        terms={
            **scopes.codes(grant.scope),
            "valid_until": clock.rfc3339(consent.valid_until) if consent.valid_until else None,
        },
    )


@tx.opened
def _deny(
    ask: Ask, gathered: Gathered | None, verdict: Verdict, *, preview: bool, at: datetime, actor: str
) -> Decision:
    """Record and log a refusal, in a transaction of its own."""
    decision = decisions.record(
        ask, gathered, None, verdict.reasons, preview=preview, at=at, actor=actor, expires_at=at + ANSWER_LASTS
    )
    decisions.note(decision, gathered.consent if gathered else None, at=at, actor=actor)
    return decision


def _against(permit: Permit, stands: tuple[str, int, datetime | None] | None, *, at: datetime) -> Reason | None:
    """What speaks against a permit, given state, epoch and end of its consent; None while it holds."""
    if stands is None:
        return Reason(code="no_consent", detail="The consent is gone.")
    state, epoch, until = stands
    if state != State.ACTIVE or epoch != permit.epoch:
        return _ended(_why_ended(state), "The consent ended while the call was running.", permit.consent_id)
    if until is None or at >= until:
        return _ended("consent_expired", "The term ended while the call was running.", permit.consent_id)
    return None


def _ended(code: str, detail: str, consent_id: str) -> Reason:
    return Reason(code=code, detail=detail, consent=consent_id)


def _why_ended(state: str) -> str:
    return {State.SUSPENDED: "consent_suspended", State.EXPIRED: "consent_expired"}.get(State(state), "consent_revoked")
