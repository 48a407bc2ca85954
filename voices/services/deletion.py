"""Deleting a voice now and not by a task: for those who must know the outcome, such as an erasure."""

from __future__ import annotations

from core.clock import Clock
from voices import removal
from voices.orders import Providers
from voices.providers import registry


def delete_now(voice_id: str, *, actor: str, now: Clock, providers: Providers = registry.provider) -> None:
    """Delete a voice at its provider and here; does nothing for one that is deleted. `now` is the real clock.

    Afterwards the voice is `deleted`, or `revoking` while somebody else deletes it. Raises ProviderDown.
    """
    removal.begin(voice_id, code="requested")
    removal.carry_out(voice_id, actor=actor, real=now, providers=providers)
