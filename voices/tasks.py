"""Background work of the voices: carry a job out, delete a voice, find what was lost. Messages carry ids alone."""

from __future__ import annotations

import logging
from typing import Final

from celery import shared_task
from django.conf import settings

from core import clock
from core.errors import Unavailable
from voices import comparison, jobs, removal, sweeps

ACTOR: Final = "system:comparison"
logger = logging.getLogger(__name__)


@shared_task(
    name="voices.run_job",
    acks_late=True,
    autoretry_for=(Unavailable,),
    retry_backoff=True,
    retry_backoff_max=300,
    retry_jitter=False,
    max_retries=jobs.MOST_ATTEMPTS,
    ignore_result=True,
)
def run_job(*, job_id: str, **_later: object) -> None:
    """Carry a job out at least once, others in their turn on the way; claims make each item take effect once."""
    jobs.run(job_id, real=clock.now)


@shared_task(
    name="voices.remove_voice",
    acks_late=True,
    autoretry_for=(Unavailable,),
    retry_backoff=True,
    retry_backoff_max=300,
    max_retries=5,
    ignore_result=True,
)
def remove_voice(*, voice_id: str, actor: str = sweeps.ACTOR, **_later: object) -> None:
    """Delete one voice; a provider that stays away longer than the retries is asked again by the sweep."""
    removal.carry_out(voice_id, actor=actor, real=clock.now)


@shared_task(
    name="voices.compare_voice",
    acks_late=True,
    autoretry_for=(Unavailable,),
    retry_backoff=True,
    retry_backoff_max=300,
    max_retries=5,
    ignore_result=True,
)
def compare_voice(*, voice_id: str, **_later: object) -> None:
    """Compare one voice with other people's; what the retries did not finish, the sweep finds."""
    comparison.carry_out(voice_id, actor=ACTOR, real=clock.now)


@shared_task(name="voices.sweep", acks_late=True, ignore_result=True)
def sweep(**_later: object) -> None:
    """Find lost jobs, voices of ended consents, and whatever was cut off."""
    found = sweeps.sweep(at=clock.now())
    for job_id in found.jobs:
        # While every worker is busy, wake-ups do not pile up: the next sweep sends another.
        run_job.apply_async(kwargs={"job_id": job_id}, expires=2 * settings.SAYSO_SWEEP_SECONDS)
    for voice_id in found.voices:
        remove_voice.delay(voice_id=voice_id)
    for voice_id in found.comparisons:
        compare_voice.delay(voice_id=voice_id)
    if found.jobs or found.voices:
        logger.info("sweep found work", extra={"jobs": len(found.jobs), "voices": len(found.voices)})
