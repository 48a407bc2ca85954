"""Providers' handles of our voices, opened from the vault for one call and stored nowhere."""

from __future__ import annotations

from vault import blobs, sealed_values
from voices.models import Voice
from voices.providers.base import ProviderVoice


def open_handle(voice: Voice) -> ProviderVoice:
    """Return the handle of a voice.

    Raises KeyDestroyed after erasure, NotFound when the profile is gone.
    """
    profile = blobs.get_blob(voice.profile_blob_id) if voice.profile_blob_id else None
    return ProviderVoice(profile=profile, remote_id=open_remote_handle(voice).remote_id)


def open_remote_handle(voice: Voice) -> ProviderVoice:
    """Return the handle without the profile, which is enough to delete at the provider.

    Raises KeyDestroyed.
    """
    if voice.sealed_handle is None:
        return ProviderVoice()

    context = _handle_context(voice.id)
    remote_id = sealed_values.unseal(voice.subject, context, bytes(voice.sealed_handle))
    return ProviderVoice(remote_id=str(remote_id))


def seal_remote_id(voice: Voice, handle: ProviderVoice) -> bytes | None:
    """Return the provider's own id of a voice, sealed, or None when the provider has none."""
    if handle.remote_id is None:
        return None

    return sealed_values.seal(voice.subject, _handle_context(voice.id), handle.remote_id)


def _handle_context(voice_id: str) -> str:
    return f"voice|{voice_id}|handle"
