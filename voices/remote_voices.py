"""A voice at its provider: noted before the provider is asked, kept as soon as it is there, found
again after a crash.
"""

from __future__ import annotations

import logging
from datetime import datetime

from core.errors import Conflict
from voices.models import Voice, VoiceState
from voices.models.voice import VoiceQuerySet
from voices.providers import voice_handles
from voices.providers.base import (
    Listing,
    Provider,
    ProviderUnavailable,
    ProviderVoice,
    Training,
    TrainingState,
)

logger = logging.getLogger(__name__)


class VoiceAbandoned(Conflict):
    """The voice was deleted or given up while it was being made."""

    code = "voice_given_up"


def note_request(voice: Voice, *, at: datetime) -> None:
    """Write down that the provider is asked for the voice, before it is.

    From here on the voice may be there, whatever becomes of this process.
    """
    Voice.objects.filter(id=voice.id).update(asked_at=at)


def keep_handle(voice: Voice, handle: ProviderVoice, provider: Provider) -> None:
    """Store the provider's id of a voice as soon as it is known, whatever happens to the voice.

    A voice that is given up is deleted at the provider by this id. One that is deleted here already
    is deleted there at once.

    Raises VoiceAbandoned, ProviderUnavailable.
    """
    if handle.remote_id is None:
        return

    kept = Voice.objects.filter(id=voice.id).exclude(state=VoiceState.DELETED)
    sealed = voice_handles.seal_remote_id(voice, handle)
    if not kept.update(sealed_handle=sealed, provider_expires_at=handle.expires_at):
        provider.delete(handle)
        raise VoiceAbandoned(
            "The voice was given up while it was being made.", facts={"voice": voice.id}
        )

    voice.sealed_handle, voice.provider_expires_at = sealed, handle.expires_at


def list_leftovers() -> VoiceQuerySet:
    """Return the voices that failed here, and may be at a provider that was asked for them."""
    return Voice.objects.filter(state=VoiceState.FAILED, asked_at__isnull=False)


def delete_at_provider(voice: Voice, provider: Provider) -> None:
    """Delete the voice at its provider, and see that it is not there any more.

    Where its id was never written down, it is searched for by our own.

    Raises ProviderUnavailable until it is gone.
    """
    handle = _find_handle(voice, provider)
    if handle is None:
        return

    provider.delete(handle)
    if handle.remote_id is None or not isinstance(provider, Training):
        return

    if provider.get_progress(handle).state is not TrainingState.MISSING:
        raise ProviderUnavailable("The provider has not deleted the voice yet.")


def _find_handle(voice: Voice, provider: Provider) -> ProviderVoice | None:
    """Return the voice's handle, or None for a voice that is not at its provider."""
    if voice.sealed_handle is not None or voice.profile_blob_id:
        return voice_handles.open_remote_handle(voice)
    if voice.asked_at is None:
        return None
    if not isinstance(provider, Listing):
        logger.warning("voice cannot be searched for", extra={"voice": voice.id})
        return None

    ids = (one.remote_id for one in provider.list_voices() if one.reference == voice.id)
    remote_id = next(ids, None)
    return None if remote_id is None else ProviderVoice(remote_id=remote_id)
