"""Background work of accounts: forget what is kept for a time only."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.models import Session

from accounts import answers
from core import clock


@shared_task(name="accounts.forget", acks_late=True, ignore_result=True)
def forget(**_later: object) -> None:
    """Delete stored answers of idempotent calls and logins whose time is over."""
    at = clock.now()
    answers.expire(at=at)
    Session.objects.filter(expire_date__lte=at).delete()
