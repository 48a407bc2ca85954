"""Transitions of a consent after the request.

Every move is one conditional UPDATE and one log entry. A move that ends permits raises
`revocation_epoch` in the same UPDATE, and `gate.confirm` compares it under a lock. All moves are
idempotent in effect: repeating one returns the consent unchanged and logs nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from consent import log_events, row_macs
from consent.errors import ConsentSuperseded, SuspendedBySpeaker, WrongState
from consent.lifecycle.consent_moves import carry_out_move, lock_consent_row
from consent.models import Consent
from consent.policy import change_reasons
from consent.policy.change_reasons import Act, GivenReason, Party
from consent.policy.state_machine import BINDING, MOVES, ConsentState, Move
from core import connection_places, transactions
from core.canonical_json import Json

_NONE: Final = GivenReason(code="")


@connection_places.bound_acts
@transactions.opens_transaction
def withdraw_consent(
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
    """End a consent for good, at once. A request that is not signed yet is called back instead.

    The new state depends on who wanted the end. It is `withdrawn` for the person (on their own
    page, or by a reason that says so), `invalidated` for an authority, `terminated` for the
    organisation. The effect is the same. `reason` is a code for the act, or words. `words` are
    further words beside a code.

    Raises NotFound, and ConsentSuperseded if a newer consent has taken its place: withdraw that
    one.
    """
    consent = _lock_consent(consent_id, organisation_id, livemode=livemode)
    given = change_reasons.parse_reason(reason, act, words=words)

    state = consent.state_at(at)
    if state is ConsentState.SUPERSEDED:
        raise make_superseded_error(consent)

    if (other := _find_other_end(consent, state, given)) is not None:
        move, kind, why = other
        return carry_out_move(consent, move, kind, reason=why, actor=actor, at=at)

    if state not in BINDING:
        return consent

    party = Party.PERSON if _find_side(actor) == "speaker" else given.party
    return carry_out_move(
        consent,
        change_reasons.ENDING_MOVE[party],
        "consent.revoked",
        reason=given,
        actor=actor,
        at=at,
        by=party,
        revoked_at=at,
    )


def make_superseded_error(consent: Consent) -> ConsentSuperseded:
    """Return the error that names the newer consent."""
    newer = consent.successors.filter(signed_at__isnull=False).first()
    return ConsentSuperseded(
        "A newer consent has taken this one's place.",
        facts={"superseded_by": newer.id if newer else None},
    )


def _find_other_end(
    consent: Consent, state: ConsentState, given: GivenReason
) -> tuple[Move, str, GivenReason] | None:
    """Return the move, the entry and the reason of an end that is no withdrawal, if it is one."""
    # No sweep has written the end down yet.
    if state is ConsentState.EXPIRED and ConsentState(consent.state) in BINDING:
        return Move.EXPIRE, "consent.expired", _NONE

    if state is ConsentState.DRAFT or consent.state == ConsentState.REQUESTED:
        return Move.LAPSE, "consent.lapsed", given

    if state is ConsentState.CAPTURED:
        return Move.REJECT, "consent.rejected", given

    return None


@connection_places.bound_acts
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
    """Suspend a consent for a dispute, a strike or a restriction.

    Raises NotFound, WrongState if it is not in force.
    """
    consent = _lock_consent(consent_id, organisation_id, livemode=livemode)

    if consent.state_at(at) is ConsentState.SUSPENDED:
        if _find_side(actor) == "speaker" and consent.suspended_by != "speaker":
            _hand_suspension_to_speaker(consent, actor=actor, at=at)

        return consent

    _check_move(consent, Move.SUSPEND, at=at)
    given = change_reasons.parse_reason(reason, Act.SUSPEND, words=words)

    return carry_out_move(
        consent,
        Move.SUSPEND,
        "consent.suspended",
        reason=given,
        actor=actor,
        at=at,
        suspended_by=_find_side(actor),
    )


def _hand_suspension_to_speaker(consent: Consent, *, actor: str, at: datetime) -> None:
    """Note that from now on only the person can resume the consent."""
    with row_macs.keep_row_mac(consent.pk):
        Consent.objects.filter(pk=consent.pk).update(suspended_by="speaker")
    consent.refresh_from_db(fields=["suspended_by"])

    body: dict[str, Json] = {
        "reason": "",
        "state": consent.state,
        "epoch": consent.revocation_epoch,
    }
    log_events.log_consent_event(consent, "consent.suspended", at=at, actor=actor, body=body)


@connection_places.bound_acts
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
    """Resume a suspended consent.

    Raises NotFound, WrongState, and SuspendedBySpeaker if only the person may do that.
    """
    consent = _lock_consent(consent_id, organisation_id, livemode=livemode)
    if consent.state_at(at) is ConsentState.ACTIVE:
        return consent

    _check_move(consent, Move.RESUME, at=at)
    if consent.suspended_by == "speaker" and _find_side(actor) != "speaker":
        raise SuspendedBySpeaker(
            "The person suspended this consent. Only the person can resume it."
        )

    given = change_reasons.parse_reason(reason, Act.RESUME, words=words)

    return carry_out_move(
        consent, Move.RESUME, "consent.resumed", reason=given, actor=actor, at=at, suspended_by=""
    )


@transactions.opens_transaction
def expire_consent(consent_id: str, *, actor: str, at: datetime) -> bool:
    """Write down that a consent's term has ended. Return True if this call did it."""
    consent = lock_consent_row(Consent.objects.filter(id=consent_id))
    if (
        ConsentState(consent.state) not in BINDING
        or consent.state_at(at) is not ConsentState.EXPIRED
    ):
        return False

    carry_out_move(consent, Move.EXPIRE, "consent.expired", reason=_NONE, actor=actor, at=at)

    return True


@transactions.opens_transaction
def lapse_request(consent_id: str, *, actor: str, at: datetime) -> bool:
    """Write down that a request was not answered in time. Return True if this call did it."""
    consent = lock_consent_row(Consent.objects.filter(id=consent_id))
    if consent.state != ConsentState.REQUESTED or consent.state_at(at) is not ConsentState.LAPSED:
        return False

    carry_out_move(consent, Move.LAPSE, "consent.lapsed", reason=_NONE, actor=actor, at=at)

    return True


def _check_move(consent: Consent, step: Move, *, at: datetime) -> None:
    state = consent.state_at(at)
    if state not in MOVES[step].sources:
        raise WrongState(f"A consent that is {state} cannot do that.", facts={"state": state})


def _lock_consent(consent_id: str, organisation_id: str, *, livemode: bool) -> Consent:
    return lock_consent_row(
        Consent.objects.of(organisation_id, livemode=livemode).filter(id=consent_id)
    )


def _find_side(actor: str) -> str:
    return "speaker" if actor.partition(":")[0] == "speaker" else "organisation"
