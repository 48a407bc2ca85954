"""The service's own voices at a provider during a run: made, waited for, and deleted again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from core import ids
from core.errors import SaysoError
from voices.canary import canary_voices
from voices.canary.canary_findings import (
    CanaryFailed,
    CanaryFinding,
    CanaryPlan,
    CanaryUnfinished,
    CanaryVoice,
    Pause,
)
from voices.canary.canary_voices import Which
from voices.providers.base import (
    Clone,
    DeletionUnconfirmed,
    Listing,
    Provider,
    ProviderVoice,
    Training,
    TrainingState,
)

STILL_TRAINING: Final = "canary_training"
TRIES: Final = 3
PAUSE: Final = 2.0  # seconds


class ServiceVoices:
    """Which of the service's voices are at the provider. `there` is what was not seen deleted."""

    def __init__(self, provider: Provider, plan: CanaryPlan, pause: Pause) -> None:
        self.there: dict[Which, CanaryVoice] = {one.which: one for one in plan.left}
        self._provider, self._pause = provider, pause
        self._can = provider.capabilities()
        self._run_id, self._goes_on = plan.run_id, plan.goes_on

    def clean_up(self, *, keep_second: bool) -> None:
        """Delete what is still there, as far as the provider lets us."""
        for which in list(self.there):
            if not (keep_second and which == "second"):
                with suppress(SaysoError, CanaryFailed):
                    self.delete_voice(which)

    def make_voice(self, which: Which) -> ProviderVoice:
        """Clone one of the service's voices. One that no call removes is found by its name."""
        earlier = self.there.get(which)
        if earlier is not None and self._goes_on:
            return ProviderVoice(remote_id=earlier.remote_id, is_ready=False)
        if earlier is not None:
            with suppress(DeletionUnconfirmed):
                self.delete_voice(which)

        left = self.there.get(which)
        reference = left.reference if left else ids.new("vox")
        if self._can.lists != "keeps_nothing":
            self.there[which] = CanaryVoice(which=which, reference=reference, remote_id=None)
        needs = self._can.needs_statement
        handle = self._provider.clone(
            Clone(
                reference=reference,
                consent_id=self._run_id,
                language=canary_voices.LANGUAGE,
                recordings=(canary_voices.make_recording(which),),
                statement=canary_voices.make_statement(which) if needs else None,
            )
        )
        if handle.remote_id is not None:
            made = CanaryVoice(which=which, reference=reference, remote_id=handle.remote_id)
            self.there[which] = made
        return handle

    def wait_for(self, handles: Mapping[Which, ProviderVoice]) -> None:
        """Wait a little for voices that are trained. Raises CanaryUnfinished for longer ones."""
        for handle in handles.values():
            if handle.is_ready or not isinstance(self._provider, Training):
                continue
            for _ in range(TRIES):
                state = self._provider.get_progress(handle).state
                if state is TrainingState.READY:
                    break
                if state is not TrainingState.TRAINING:
                    finding = CanaryFinding(check="cloning", result="failed")
                    raise CanaryFailed("canary_refused", finding)
                self._pause(PAUSE)
            else:
                raise CanaryUnfinished(STILL_TRAINING)

    def delete_voice(self, which: Which) -> None:
        """Delete a voice, and forget it once the provider shows it no more.

        Raises DeletionUnconfirmed where only its operator can, CanaryFailed for one that stays.
        """
        voice = self.there[which]
        handle = ProviderVoice(remote_id=voice.remote_id or self._find_remote_id(voice))
        for _ in range(TRIES):
            self._provider.delete(handle)
            if handle.remote_id is None or not isinstance(self._provider, Training):
                break
            if self._provider.get_progress(handle).state is TrainingState.MISSING:
                break
            self._pause(PAUSE)
        else:
            finding = CanaryFinding(check="deletion", result="failed")
            raise CanaryFailed("canary_not_deleted", finding)

        del self.there[which]

    def _find_remote_id(self, voice: CanaryVoice) -> str | None:
        if not isinstance(self._provider, Listing) or self._can.lists != "voices":
            return None

        rows = self._provider.list_voices()
        return next((one.remote_id for one in rows if one.reference == voice.reference), None)
