"""Background work of provenance: fingerprints, and what is kept for a time.

Rows are the truth, messages wake.
"""

from __future__ import annotations

from typing import Final

from core import database_clock
from core.background_tasks import background_task
from provenance import reader_feedback
from provenance.fingerprint import clip_fingerprints

_AT_ONCE: Final = 50


@background_task(name="provenance.fingerprint_pending")
def fingerprint_pending(**_later: object) -> None:
    """Make the fingerprints that wait: of new clips, and of all when the key of the index is
    another.
    """
    now = database_clock.get_work_time
    while clip_fingerprints.make_pending_fingerprints(now=now, limit=_AT_ONCE) == _AT_ONCE:
        pass


@background_task(name="provenance.delete_expired_feedback")
def delete_expired_feedback(**_later: object) -> None:
    """Delete opinions on answers whose time is over."""
    reader_feedback.delete_old_feedback(at=database_clock.get_work_time())
