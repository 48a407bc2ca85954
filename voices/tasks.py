"""Background tasks of voices. Their messages carry ids only."""

from __future__ import annotations

import logging
import time
from typing import Final

from core import background_tasks, database_clock
from core.background_tasks import background_task, send_task
from core.errors import NotFound, Unavailable
from core.leases import LeaseLost
from voices import (
    background_cloning,
    reconcile,
    voice_comparison,
    voice_deletion,
)
from voices.canary import account_canary, canary_requests
from voices.speech.tasks import run_job

ACTOR: Final = "system:comparison"
CANARY: Final = "system:canary"
logger = logging.getLogger(__name__)


@background_task(
    name="voices.remove_voice",
    autoretry_for=(Unavailable,),
    retry_backoff=True,
    retry_backoff_max=300,
    max_retries=5,
)
def remove_voice(*, voice_id: str, actor: str = reconcile.ACTOR, **_later: object) -> None:
    """Delete one voice.

    When the provider is down for longer than the retries, the sweep tries again.
    """
    voice_deletion.run_deletion(voice_id, actor=actor, wall_clock=database_clock.get_work_time)


@background_task(
    name="voices.compare_voice",
    autoretry_for=(Unavailable,),
    retry_backoff=True,
    retry_backoff_max=300,
    max_retries=5,
)
def compare_voice(*, voice_id: str, **_later: object) -> None:
    """Compare one voice with other people's voices.

    What the retries did not finish, the sweep finds.
    """
    voice_comparison.run_comparison(voice_id, actor=ACTOR, wall_clock=database_clock.get_work_time)


@background_task(
    name="voices.train_voice",
    autoretry_for=(Unavailable,),
    retry_backoff=True,
    retry_backoff_max=300,
    max_retries=background_cloning.MOST_ATTEMPTS,
)
def train_voice(*, voice_id: str, **_later: object) -> None:
    """Make one voice whose recordings wait.

    What the retries did not finish, the sweep finds.
    """
    background_cloning.run_training(voice_id, wall_clock=database_clock.get_work_time)
    if voice_comparison.is_waiting(voice_id):
        compare_voice.delay(voice_id=voice_id)


@background_task(name="voices.check_account")
def check_account(*, account_id: str, **_later: object) -> None:
    """Run the canary of one account. One that is being checked already is left alone."""
    try:
        account_canary.run_account_canary(
            account_id,
            actor=CANARY,
            wall_clock=database_clock.get_work_time,
            pause=time.sleep,
        )
    except (account_canary.CanaryRunning, NotFound, LeaseLost):
        logger.info("account not checked", extra={"account": account_id})


@background_task(name="voices.sweep_accounts")
def sweep_accounts(**_later: object) -> None:
    """Find the accounts whose canary is due."""
    for account_id in canary_requests.list_due_accounts(at=database_clock.get_work_time()):
        if background_tasks.is_stopping():
            return
        send_task(check_account.name, {"account_id": account_id}, repeated=True)


@background_task(name="voices.sweep")
def sweep_voices(**_later: object) -> None:
    """Find lost jobs, voices of ended consents, and work that was cut off."""
    found = reconcile.sweep_pending_work(at=database_clock.get_work_time())

    for job_id in found.jobs:
        # While every worker is busy, wake-ups do not pile up: the next sweep sends another.
        send_task(run_job.name, {"job_id": job_id}, repeated=True)

    for voice_id in found.voices:
        remove_voice.delay(voice_id=voice_id)

    for voice_id in found.trainings:
        train_voice.delay(voice_id=voice_id)

    for voice_id in found.comparisons:
        compare_voice.delay(voice_id=voice_id)

    if found.jobs or found.voices:
        logger.info(
            "sweep found work", extra={"jobs": len(found.jobs), "voices": len(found.voices)}
        )
