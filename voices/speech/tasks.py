"""Background work of speech: carry a job out. Messages carry ids alone."""

from __future__ import annotations

from core import database_clock
from core.background_tasks import background_task, is_stopping, send_task
from core.errors import Unavailable
from voices.speech import job_queue


@background_task(
    name="voices.run_job",
    autoretry_for=(Unavailable,),
    retry_backoff=True,
    retry_backoff_max=300,
    retry_jitter=False,
    max_retries=job_queue.MOST_ATTEMPTS,
)
def run_job(*, job_id: str, **_later: object) -> None:
    """Carry a job out at least once, and others in their turn on the way.

    Claims make each item take effect once.
    """
    job_queue.run_job_items(job_id, wall_clock=database_clock.get_work_time)
    if is_stopping() and job_queue.has_work(job_id, at=database_clock.get_work_time()):
        # The next worker goes on, and need not wait for the sweep.
        send_task(run_job.name, {"job_id": job_id})
