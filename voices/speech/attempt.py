"""An attempt at a clip: it holds a permit and, unless it ends well, gives it back and settles the
clip, once.
"""

from __future__ import annotations

from datetime import datetime
from types import TracebackType

from django.db import transaction

from accounts.principal import Principal
from consent import gate
from core.clock import Clock
from core.errors import SaysoError
from provenance.c2pa.manifest_signer import CredentialFailed
from provenance.clips import clip_lifecycle
from provenance.clips.errors import MarkFailed


def give_up_clip(clip_id: str, *, permit: gate.Permit, code: str, actor: str, at: datetime) -> bool:
    """Abort a clip in the making and give its permit back; say whether this call did it (a second
    one does nothing).
    """
    with transaction.atomic():
        gate.release(permit, at=at)  # gives back once; does nothing when the delivery won
        return clip_lifecycle.abort_clip(clip_id, code=code, at=at, actor=actor)


class Attempt:
    """Holds a permit; unless the block ends well, gives it back and settles the clip, once."""

    def __init__(self, permit: gate.Permit, *, principal: Principal, now: Clock) -> None:
        self.clip_id: str | None = None
        self._permit, self._asker, self._now = permit, principal, now

    def __enter__(self) -> Attempt:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            return
        code = error.stable_code if isinstance(error, SaysoError) else "internal"
        if self.clip_id is None:
            gate.release(self._permit, at=self._now())
            return
        if isinstance(error, MarkFailed):
            reason = str(error.facts.get("reason", ""))
            _note_mark_failed(self.clip_id, reason, actor=self._asker.actor, at=self._now())
        if isinstance(error, CredentialFailed):
            _note_c2pa_failed(self.clip_id, error.reason, actor=self._asker.actor, at=self._now())
        give_up_clip(
            self.clip_id, permit=self._permit, code=code, actor=self._asker.actor, at=self._now()
        )


@transaction.atomic
def _note_mark_failed(clip_id: str, reason: str, *, actor: str, at: datetime) -> None:
    clip_lifecycle.note_mark_failed(clip_id, reason=reason, delivered=False, at=at, actor=actor)


@transaction.atomic
def _note_c2pa_failed(clip_id: str, reason: str, *, actor: str, at: datetime) -> None:
    clip_lifecycle.note_c2pa_failed(clip_id, reason=reason, delivered=False, at=at, actor=actor)
