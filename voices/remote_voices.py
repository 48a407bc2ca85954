"""A voice at its provider: noted before the provider is asked, kept as soon as it is there, found
again after a crash, and deleted until nothing shows it any more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from core.errors import Conflict
from upstream.upstream_errors import ProviderRefused, ProviderUnavailable
from voices.models import DeletionProof, Voice, VoiceState
from voices.models.voice import VoiceQuerySet
from voices.providers import registry, voice_handles
from voices.providers.base import (
    CopyUnfindable,
    DeletionUnconfirmed,
    Listed,
    Listing,
    Provider,
    ProviderVoice,
    Training,
    TrainingState,
)

logger = logging.getLogger(__name__)


class VoiceAbandoned(Conflict):
    """The voice was deleted or given up while it was being made."""

    code = "voice_given_up"


class EarlierCopyUncertain(ProviderRefused):
    """The provider was asked for this voice before, and may have made it. It shows no list.

    Asking once more could make a second copy that no one knows of.
    """

    code = "earlier_copy_uncertain"


def note_request(voice: Voice, *, at: datetime) -> None:
    """Write down that the provider is asked for the voice, before it is.

    From here on the voice may be there, whatever becomes of this process.
    """
    Voice.objects.filter(id=voice.id).update(asked_at=at)


def remove_earlier_copies(voice: Voice, provider: Provider) -> None:
    """Delete what an earlier try may have left at the provider, so that there is one copy.

    A copy may be half made, so none is taken over.

    Raises EarlierCopyUncertain where one may be there that no list shows, ProviderUnavailable.
    """
    if voice.asked_at is None:
        return

    shows = _get_listing(provider)
    found = _find_copies(voice, provider)
    if shows == "nothing" or (found and shows == "traces"):
        raise EarlierCopyUncertain(
            "The provider was asked for this voice before and may have it, and it shows no list of "
            "voices. So it is not asked again."
        )

    for copy in found:
        logger.warning("copy of an earlier try deleted", extra={"voice": voice.id})
        provider.delete(copy)


def keep_handle(voice: Voice, handle: ProviderVoice, provider: Provider) -> None:
    """Store the provider's id of a voice as soon as it is known, whatever happens to the voice.

    A voice that is given up is deleted at the provider by this id. One that is deleted here already
    is deleted there at once, and so is one that another worker makes again by now.

    Raises VoiceAbandoned, ProviderUnavailable.
    """
    if handle.remote_id is None:
        return

    # `begin_deletion` and a later try raise the number of attempts with their claims.
    ours = Voice.objects.filter(id=voice.id, attempt=voice.attempt)
    kept = ours.exclude(state=VoiceState.DELETED)
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


def list_kept_objects(provider: str) -> tuple[str, ...]:
    """Return what a provider keeps of a voice beside the voice itself, such as a spoken consent."""
    try:
        return registry.get_adapter_kind(provider).kept_objects
    except registry.ProviderNotFound:
        # The built-in engine keeps what our own vault keeps.
        return ()


def note_deletion_request(voice: Voice, *, at: datetime) -> None:
    """Write down that the provider is asked to delete the voice, before it is. The first time
    counts.
    """
    if voice.deletion_asked_at is None:
        rows = Voice.objects.filter(id=voice.id, deletion_asked_at=None)
        rows.update(deletion_asked_at=at)
        voice.deletion_asked_at = at


def _note_acceptance(voice: Voice, *, at: datetime) -> None:
    if voice.deletion_accepted_at is None:
        rows = Voice.objects.filter(id=voice.id, deletion_accepted_at=None)
        rows.update(deletion_accepted_at=at)
        voice.deletion_accepted_at = at


def delete_at_provider(voice: Voice, provider: Provider, *, at: datetime) -> DeletionProof:
    """Delete the voice at its provider with every other copy under our id, and return by what it
    was seen to be gone.

    `note_deletion_request` comes before. That the provider has taken the deletion is noted.

    Raises ProviderUnavailable until nothing is there, DeletionUnconfirmed and CopyUnfindable where
    a person has to look.
    """
    handles = _list_handles(voice, provider)
    for handle in handles:
        try:
            provider.delete(handle)
        except DeletionUnconfirmed:
            _note_acceptance(voice, at=at)
            raise

    _note_acceptance(voice, at=at)
    return _check_gone(voice, provider, handles)


def _list_handles(voice: Voice, provider: Provider) -> list[ProviderVoice]:
    """Return the handles of all copies of a voice that are known or listed."""
    known = voice.sealed_handle is not None or bool(voice.profile_blob_id)
    handles = [voice_handles.open_remote_handle(voice)] if known else []
    if voice.asked_at is None:
        return handles

    shows = _get_listing(provider)
    if shows == "nothing" and not known:
        raise CopyUnfindable(
            "The provider may have this voice, and shows no list of voices. A person has to look "
            f"for {voice.id} there."
        )

    ids = {handle.remote_id for handle in handles}
    found = [one for one in _find_copies(voice, provider) if one.remote_id not in ids]
    if shows == "traces":
        # A trace of a voice that we know goes with it. Of any other it is all that leads there, and
        # it is kept before it is deleted.
        found = [] if known else found
        for trace in found:
            sealed = voice_handles.seal_remote_id(voice, trace)
            Voice.objects.filter(id=voice.id, sealed_handle=None).update(sealed_handle=sealed)

    return [*handles, *found]


def _get_listing(provider: Provider) -> Listed:
    """Return what the provider's list shows of the voices that it keeps."""
    listed = provider.capabilities().lists
    return listed if listed == "keeps_nothing" or isinstance(provider, Listing) else "nothing"


def _find_copies(
    voice: Voice, provider: Provider, *, also: Sequence[str | None] = ()
) -> list[ProviderVoice]:
    """Return what the provider's list has under our id of the voice, or under the ids in `also`."""
    if not isinstance(provider, Listing):
        return []

    return [
        ProviderVoice(remote_id=one.remote_id)
        for one in provider.list_voices()
        if one.reference == voice.id or one.remote_id in also
    ]


def _check_gone(
    voice: Voice, provider: Provider, handles: Sequence[ProviderVoice]
) -> DeletionProof:
    """Return by what a voice was seen to be gone, after its provider has taken the deletion.

    Where it shows neither voices nor a list, the deletion itself has asked a second time.

    Raises ProviderUnavailable for a voice that is still shown.
    """
    remote = [handle for handle in handles if handle.remote_id is not None]
    if remote and isinstance(provider, Training):
        states = [provider.get_progress(handle).state for handle in remote]
        if any(state is not TrainingState.MISSING for state in states):
            raise ProviderUnavailable("The provider has not deleted the voice yet.")
        return DeletionProof.SHOWN_MISSING

    shows = _get_listing(provider)
    if voice.asked_at is not None and (shows == "voices" or (shows == "traces" and not remote)):
        if _find_copies(voice, provider, also=[handle.remote_id for handle in remote]):
            raise ProviderUnavailable("The provider still lists the voice.")
        return DeletionProof.NOT_LISTED

    return DeletionProof.DELETED_TWICE if remote else DeletionProof.OURS
