"""Lifecycle: what happens to a consent after the request.

Every move is one conditional UPDATE and one log line.

Everything that ends a permit raises `revocation_epoch` in the same UPDATE; `gate.confirm` compares
it under a lock. All moves are idempotent in effect: repeating one gives the consent as it stands,
and logs nothing.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from consent import log_events, row_macs, wakeups
from consent.errors import ConsentSuperseded, SuspendedBySpeaker, WrongState
from consent.models import Consent, SealedReason
from consent.policy import change_reasons
from consent.policy.change_reasons import Act, GivenReason, Party
from consent.policy.state_machine import MOVES, STANDING, UNSIGNED, ConsentState, Move
from core import transactions
from core.canonical_json import Json
from core.errors import NotFound
from vault import sealed_values

_NONE: Final = GivenReason(code="")
_ENDS: Final = frozenset(
    {Move.WITHDRAW, Move.EXPIRE, Move.INVALIDATE, Move.TERMINATE, Move.SUPERSEDE}
)


@transactions.opens_transaction
def revoke_consent(
    consent_id: str,
    *,
    organisation_id: str,
    livemode: bool,
    reason: str,
    actor: str,
    at: datetime,
    words: str = "",
    act: Act = Act.REVOKE,
) -> Consent:
    """End a consent for good, at once. A request that nobody signed yet is called back instead.

    Who wanted the end gives the state: the person (their own page, or a reason that says so)
    `withdrawn`, an authority `invalidated`, the organisation `terminated`. All three act the same.
    `reason` is a code for the act, or words, and `words` are further words beside a code. Raises
    NotFound, and ConsentSuperseded when a newer consent has taken its place: revoke that one.
    """
    consent = _lock_consent(consent_id, organisation_id, livemode=livemode)
    given = change_reasons.parse_reason(reason, act, words=words)
    state = consent.state_at(at)
    if state is ConsentState.SUPERSEDED:
        newer = consent.successors.filter(signed_at__isnull=False).first()
        raise ConsentSuperseded(
            "A newer consent has taken this one's place.",
            facts={"superseded_by": newer.id if newer else None},
        )
    if (
        state is ConsentState.EXPIRED and ConsentState(consent.state) in STANDING
    ):  # no sweep has written it down yet
        return _carry_out(consent, Move.EXPIRE, "consent.expired", reason=_NONE, actor=actor, at=at)
    if state is ConsentState.DRAFT or consent.state == ConsentState.REQUESTED:
        return _carry_out(consent, Move.LAPSE, "consent.lapsed", reason=given, actor=actor, at=at)
    if state is ConsentState.CAPTURED:
        return _carry_out(
            consent, Move.REJECT, "consent.rejected", reason=given, actor=actor, at=at
        )
    if state not in STANDING:
        return consent
    party = Party.PERSON if _side_of(actor) == "speaker" else given.party
    return _carry_out(
        consent,
        change_reasons.ENDING_MOVE[party],
        "consent.revoked",
        reason=given,
        actor=actor,
        at=at,
        by=party,
        revoked_at=at,
    )


@transactions.opens_transaction
def suspend_consent(
    consent_id: str,
    *,
    organisation_id: str,
    livemode: bool,
    reason: str,
    actor: str,
    at: datetime,
    words: str = "",
) -> Consent:
    """Pause a consent: a dispute, a strike, a restriction.

    Raises NotFound, WrongState when it does not stand.
    """
    consent = _lock_consent(consent_id, organisation_id, livemode=livemode)
    if consent.state_at(at) is ConsentState.SUSPENDED:
        if (
            _side_of(actor) == "speaker" and consent.suspended_by != "speaker"
        ):  # now only the person can resume it
            with row_macs.keep_row_mac(consent.pk):
                Consent.objects.filter(pk=consent.pk).update(suspended_by="speaker")
            consent.refresh_from_db(fields=["suspended_by"])
            body: dict[str, Json] = {
                "reason": "",
                "state": consent.state,
                "epoch": consent.revocation_epoch,
            }
            log_events.log_consent_event(
                consent, "consent.suspended", at=at, actor=actor, body=body
            )
        return consent
    _check_move(consent, Move.SUSPEND, at=at)
    given = change_reasons.parse_reason(reason, Act.SUSPEND, words=words)
    return _carry_out(
        consent,
        Move.SUSPEND,
        "consent.suspended",
        reason=given,
        actor=actor,
        at=at,
        suspended_by=_side_of(actor),
    )


@transactions.opens_transaction
def resume_consent(
    consent_id: str,
    *,
    organisation_id: str,
    livemode: bool,
    actor: str,
    at: datetime,
    reason: str = "",
    words: str = "",
) -> Consent:
    """End a pause.

    Raises NotFound, WrongState, and SuspendedBySpeaker when only the person may do that.
    """
    consent = _lock_consent(consent_id, organisation_id, livemode=livemode)
    if consent.state_at(at) is ConsentState.ACTIVE:
        return consent
    _check_move(consent, Move.RESUME, at=at)
    if consent.suspended_by == "speaker" and _side_of(actor) != "speaker":
        raise SuspendedBySpeaker("The person paused this consent; only the person can resume it.")
    given = change_reasons.parse_reason(reason, Act.RESUME, words=words)
    return _carry_out(
        consent, Move.RESUME, "consent.resumed", reason=given, actor=actor, at=at, suspended_by=""
    )


@transactions.opens_transaction
def expire_consent(consent_id: str, *, actor: str, at: datetime) -> bool:
    """Write down that a consent's term has ended. True when this call did it."""
    consent = _lock_row(Consent.objects.filter(id=consent_id))
    if (
        ConsentState(consent.state) not in STANDING
        or consent.state_at(at) is not ConsentState.EXPIRED
    ):
        return False
    _carry_out(consent, Move.EXPIRE, "consent.expired", reason=_NONE, actor=actor, at=at)
    return True


@transactions.opens_transaction
def lapse_request(consent_id: str, *, actor: str, at: datetime) -> bool:
    """Write down that a request was not answered in time. True when this call did it."""
    consent = _lock_row(Consent.objects.filter(id=consent_id))
    if consent.state != ConsentState.REQUESTED or consent.state_at(at) is not ConsentState.LAPSED:
        return False
    _carry_out(consent, Move.LAPSE, "consent.lapsed", reason=_NONE, actor=actor, at=at)
    return True


@transactions.requires_transaction
def move_consent(consent: Consent, step: Move, **columns: Any) -> bool:
    """Make one move of the table `MOVES`.

    False when the row is not in a state from which it starts.
    """
    rule = MOVES[step]
    if rule.ends_permits:
        columns["revocation_epoch"] = F("revocation_epoch") + 1
    rows = Consent.objects.filter(pk=consent.pk, state__in=sorted(rule.sources))
    with (
        row_macs.keep_row_mac(consent.pk)
        if {rule.target, *rule.sources} & STANDING
        else nullcontext()
    ):  # the end too
        return bool(rows.update(state=rule.target, **columns))


@transactions.requires_transaction
def record_reason(
    consent: Consent, step: str, reason: GivenReason, *, actor: str, at: datetime
) -> str:
    """Keep a reason: its code in the open, its words under the person's key.

    Give the code, for the log.
    """
    if reason.code:
        sealed = None
        if reason.words:
            sealed = sealed_values.seal(
                consent.speaker.subject, reason_context(consent.id), {"text": reason.words}
            )
        SealedReason.objects.create(
            consent=consent,
            move=step,
            code=reason.code,
            sealed=sealed,
            actor=actor,
            created_at=at,
        )
    return reason.code


def reason_context(consent_id: str) -> str:
    """Say what the words of a remark are sealed for."""
    return f"remark|{consent_id}"


def _carry_out(
    consent: Consent,
    step: Move,
    kind: str,
    *,
    reason: GivenReason,
    actor: str,
    at: datetime,
    by: Party | None = None,
    **columns: Any,
) -> Consent:
    if step in _ENDS or MOVES[step].target in UNSIGNED or step is Move.REJECT:
        columns["ended_at"] = at
    if not move_consent(consent, step, **columns):
        raise WrongState("The consent has changed meanwhile.", facts={"state": consent.state})
    body: dict[str, Json] = {"reason": record_reason(consent, step, reason, actor=actor, at=at)}
    consent.refresh_from_db()
    if MOVES[step].ends_permits:
        wakeups.announce_consent_end(consent.id)
    log_events.log_consent_event(
        consent,
        kind,
        at=at,
        actor=actor,
        by=by,
        body={**body, "state": consent.state, "epoch": consent.revocation_epoch},
    )
    return consent


def _check_move(consent: Consent, step: Move, *, at: datetime) -> None:
    state = consent.state_at(at)
    if state not in MOVES[step].sources:
        raise WrongState(f"A consent that is {state} cannot do that.", facts={"state": state})


def _lock_consent(consent_id: str, organisation_id: str, *, livemode: bool) -> Consent:
    return _lock_row(Consent.objects.of(organisation_id, livemode=livemode).filter(id=consent_id))


def _lock_row(rows: Any) -> Consent:
    found: Consent | None = (
        rows.select_for_update(no_key=True, of=("self",)).select_related("speaker").first()
    )
    if found is None:
        raise NotFound("There is no such consent.")
    return found


def _side_of(actor: str) -> str:
    return "speaker" if actor.partition(":")[0] == "speaker" else "organisation"
