"""The canary of an account: its run as a row, and what follows from it for the account.

An account is used once a run has passed, and closed by one that failed. A run that could not be
finished changes nothing. Every run is logged before and after.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from accounts.sandbox_clock import now_for
from core import connection_places, ids, lease_renewal, leases, transactions
from core.canonical_json import Json
from core.clock import Clock
from core.errors import Conflict, NotFound, SaysoError
from transparency_log import events
from voices import provider_tasks
from voices.canary import canary_requests, canary_run, vanished_voices
from voices.canary.canary_findings import CanaryOutcome, CanaryPlan, CanaryVoice, Pause
from voices.canary.service_voices import STILL_TRAINING
from voices.models import (
    AccountState,
    CanaryCause,
    CanaryState,
    ProviderAccount,
    ProviderCanary,
    TaskKind,
)
from voices.providers import account_access, registry
from voices.providers.base import Provider, ProviderVoice

logger = logging.getLogger(__name__)

DAILY: Final = timedelta(days=1)
AGAIN: Final = timedelta(minutes=10)
"""After a run that could not be finished."""
Connect = Callable[[ProviderAccount], Provider]


class CanaryRunning(Conflict):
    """The account is being checked already."""

    code = "canary_running"


def connect_unchecked(row: ProviderAccount) -> Provider:
    """Return the provider of an account, whatever its state: it is about to be checked."""
    kind = registry.get_adapter_kind(row.provider)
    return kind.connect(account_access.open_account_row(row))


def run_account_canary(
    account_id: str,
    *,
    actor: str,
    wall_clock: Clock,
    pause: Pause,
    connect: Connect = connect_unchecked,
) -> ProviderCanary:
    """Check an account, and use or close it by what is found.

    Raises NotFound, CanaryRunning.
    """
    account, run = _begin_run(account_id, actor=actor, wall_clock=wall_clock)
    plan = _make_plan(account, run)
    provider = connect(account)
    since = wall_clock()

    connection_places.give_back_connection()
    with lease_renewal.keep_leases(leases.select_held(run), now=wall_clock):
        outcome = canary_run.run_canary(provider, plan, pause=pause)

    _settle_run(account, run, outcome, actor=actor, wall_time=wall_clock())
    if outcome.listed is not None:
        at = _read_time(account, wall_clock())
        vanished_voices.note_vanished_voices(
            account, provider, outcome.listed, before=since, actor=actor, at=at
        )
    return run


def discard_voices(
    account: ProviderAccount,
    *,
    actor: str,
    at: datetime,
    connect: Connect = connect_unchecked,
) -> None:
    """Delete the service's voices that runs have left, before the account is removed.

    What cannot be deleted becomes a task.
    """
    run = canary_requests.get_last_run(account)
    for left in [] if run is None else [CanaryVoice(**one) for one in run.voices]:
        try:
            connect(account).delete(ProviderVoice(remote_id=left.remote_id))
        except SaysoError:
            provider_tasks.open_task(
                TaskKind.REMOVE_CANARY,
                left.reference,
                provider=account.provider,
                owner=account,
                actor=actor,
                at=at,
            )


@transactions.opens_transaction
def _begin_run(
    account_id: str, *, actor: str, wall_clock: Clock
) -> tuple[ProviderAccount, ProviderCanary]:
    """Write down that an account is being checked, and log it. Raises NotFound, CanaryRunning."""
    rows = ProviderAccount.objects.in_use().select_for_update(of=("self",), no_key=True)
    account = rows.select_related("organisation").filter(id=account_id).first()
    if account is None:
        raise NotFound("There is no such provider account.")

    now = wall_clock()
    cause = CanaryCause(account.canary_cause or CanaryCause.DAILY)
    dead = account.canaries.filter(leases.has_no_lease(now), state=CanaryState.RUNNING)
    dead.update(state=CanaryState.UNFINISHED, code="interrupted", finished_at=now)

    is_full = cause is not CanaryCause.DAILY or not _is_paid(account)
    try:
        with transaction.atomic():
            run = ProviderCanary.objects.create(
                id=ids.new("cny"),
                account=account,
                cause=cause,
                is_full=is_full or _has_lost_its_voice(account),
                voices=_list_left(account),
                attempt=1,
                lease_until=now + leases.LEASE,
                started_at=now,
            )
    except IntegrityError as error:
        raise CanaryRunning("This account is being checked already.") from error

    body: dict[str, Json] = {"cause": run.cause, "full": run.is_full}
    _log_run(account, run, "canary.started", body, actor=actor, at=_read_time(account, now))
    return account, run


@transactions.opens_transaction
def _settle_run(
    account: ProviderAccount,
    run: ProviderCanary,
    outcome: CanaryOutcome,
    *,
    actor: str,
    wall_time: datetime,
) -> None:
    """Keep what was found, use or close the account, and log it. Raises LeaseLost."""
    found: list[Json] = [one.to_row() for one in outcome.findings]
    leases.complete(
        run,
        state=outcome.state,
        code=outcome.code,
        findings=found,
        thresholds=dict(outcome.thresholds),
        characters=outcome.characters,
        voices=[one.to_row() for one in outcome.left],
        finished_at=wall_time,
    )
    run.refresh_from_db()
    _move_account(account, outcome, wall_time=wall_time)
    body: dict[str, Json] = {
        "code": outcome.code,
        "findings": found,
        "thresholds_milli": dict(outcome.thresholds),
        "characters": outcome.characters,
    }
    if outcome.state == CanaryState.FAILED:
        logger.warning("canary failed", extra={"account": account.id, "code": outcome.code})
    kind, at = f"canary.{outcome.state}", _read_time(account, wall_time)
    _log_run(account, run, kind, body, actor=actor, at=at)


def _move_account(account: ProviderAccount, outcome: CanaryOutcome, *, wall_time: datetime) -> None:
    """Use or close the account. One that is another by now, or removed, stays as it is.

    What the canary does not check, such as notes, may have changed meanwhile.
    """
    rows = ProviderAccount.objects.in_use().filter(id=account.id)
    found = rows.select_for_update(no_key=True).first()
    if found is None or _get_checked_parts(found) != _get_checked_parts(account):
        return

    if outcome.state == CanaryState.PASSED:
        due = wall_time + DAILY
        rows.update(state=AccountState.ACTIVE, code="", canary_due_at=due, canary_cause="")
    elif outcome.state == CanaryState.FAILED:
        # A paid one is tried again when a member asks for it.
        again = None if _is_paid(account) else wall_time + DAILY
        rows.update(
            state=AccountState.CLOSED, code=outcome.code, canary_due_at=again, canary_cause=""
        )
    else:
        rows.update(canary_due_at=wall_time + AGAIN)


def _get_checked_parts(account: ProviderAccount) -> tuple[str, bytes, dict[str, Json]]:
    """Return what a canary speaks for: address, credentials, settings."""
    sealed = bytes(account.sealed_credentials or b"")
    return account.base_url, sealed, account.adapter_settings


def _make_plan(account: ProviderAccount, run: ProviderCanary) -> CanaryPlan:
    kind = registry.get_adapter_kind(account.provider)
    last = account.canaries.exclude(id=run.id).order_by("-started_at", "-id").first()
    return CanaryPlan(
        run_id=run.id,
        is_full=run.is_full,
        keeps_second=_is_paid(account),
        presets=kind.presets[:2],
        unknown_preset=kind.unknown_preset,
        left=tuple(CanaryVoice(**one) for one in run.voices),
        goes_on=last is not None and last.code == STILL_TRAINING,
    )


def _is_paid(account: ProviderAccount) -> bool:
    return not registry.get_adapter_kind(account.provider).is_self_hosted


def _list_left(account: ProviderAccount) -> list[Json]:
    last = canary_requests.get_last_run(account)
    return [] if last is None else list(last.voices)


def _has_lost_its_voice(account: ProviderAccount) -> bool:
    last = canary_requests.get_last_run(account)
    return last is not None and last.code == canary_run.LOST


def _read_time(account: ProviderAccount, wall_time: datetime) -> datetime:
    return now_for(account.organisation, livemode=account.livemode, wall_time=wall_time)


def _log_run(
    account: ProviderAccount,
    run: ProviderCanary,
    kind: str,
    body: dict[str, Json],
    *,
    actor: str,
    at: datetime,
) -> None:
    """Log a run as the service's own. Its voices are no person's, and no organisation's."""
    events.append_event(
        organisation_id=account.organisation_id,
        livemode=account.livemode,
        kind=kind,
        at=at,
        actor=actor,
        subject=None,
        refs={},
        body={
            "canary": run.id,
            "account": account.id,
            "provider": account.provider,
            "voice_of": "service",
            **body,
        },
    )
