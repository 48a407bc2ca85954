"""One move of a consent: the conditional UPDATE, the stored reason and the log entry."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from consent import log_events, row_macs, wakeups
from consent.errors import WrongState
from consent.models import Consent, SealedReason
from consent.policy.change_reasons import GivenReason, Party
from consent.policy.state_machine import BINDING, MOVES, UNSIGNED, Move
from core import transactions
from core.canonical_json import Json
from core.errors import NotFound
from vault import sealed_values

_ENDS: Final = frozenset(
    {Move.WITHDRAW, Move.EXPIRE, Move.INVALIDATE, Move.TERMINATE, Move.SUPERSEDE}
)


def carry_out_move(
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
    """Make one move under its lock, store the reason, announce the end and append the log entry.

    `columns` are further columns of the same UPDATE.

    Raises WrongState if the row is not in a state that the move starts from.
    """
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


@transactions.requires_transaction
def move_consent(consent: Consent, step: Move, **columns: Any) -> bool:
    """Make one move of the table `MOVES`.

    Returns False if the row is not in a state that the move starts from.
    """
    rule = MOVES[step]
    if rule.ends_permits:
        columns["revocation_epoch"] = F("revocation_epoch") + 1

    rows = Consent.objects.filter(pk=consent.pk, state__in=sorted(rule.sources))
    # The MAC is renewed for the end of a consent in force as well.
    is_sealed = bool({rule.target, *rule.sources} & BINDING)
    with row_macs.keep_row_mac(consent.pk) if is_sealed else nullcontext():
        return bool(rows.update(state=rule.target, **columns))


@transactions.requires_transaction
def record_reason(
    consent: Consent, step: str, reason: GivenReason, *, actor: str, at: datetime
) -> str:
    """Store a reason: its code in the open, its words under the person's key. Return the code."""
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
    """Return the context that the words of a reason are sealed for."""
    return f"remark|{consent_id}"


def lock_consent_row(rows: Any) -> Consent:
    """Lock the one row of a queryset of consents and return it with its speaker.

    Raises NotFound.
    """
    found: Consent | None = (
        rows.select_for_update(no_key=True, of=("self",)).select_related("speaker").first()
    )

    if found is None:
        raise NotFound("There is no such consent.")

    return found
