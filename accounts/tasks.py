"""Background tasks of accounts."""

from __future__ import annotations

from accounts import idempotency_records
from accounts.models import SharedValue
from accounts.sessions import SessionStore
from core import database_clock
from core.background_tasks import background_task


@background_task(name="accounts.delete_expired_records")
def delete_expired_records(**_later: object) -> None:
    """Delete expired answers of idempotent calls, expired sessions and expired shared values."""
    at = database_clock.get_work_time()
    idempotency_records.delete_expired_answers(at=at)
    SessionStore.clear_expired()
    SharedValue.objects.filter(expires_at__lte=at).delete()
