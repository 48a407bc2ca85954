"""Erasure of clips: the audio goes, and hashes stay that lead to no person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from core import transactions
from core.errors import NotFound
from provenance.clips import shared_tokens
from provenance.fingerprint import clip_fingerprints
from provenance.models import LEFT, Clip, ClipState, Receipt
from vault import blobs, sealed_notes

_UNLINKED: Final[Mapping[str, Any]] = {
    "subject": "", "voice_id": "", "reference_index": "", "call_hash": "", "blob_id": "",
    "manifest_blob_id": "",
    **sealed_notes.NONE,
}  # fmt: skip


@transactions.requires_transaction
def erase_clips_of_subject(subject: str) -> int:
    """Unlink all clips of an erased person, and return how many.

    The audio goes with the vault's blobs. Id, hashes and token stay: they say that this service
    issued the clip, and lead to no person.
    """
    mine = Clip.objects.filter(subject=subject)
    Receipt.objects.filter(clip__in=mine).delete()
    shared_tokens.erase_sounds_of_clips(mine)
    never_left = mine.filter(state__in=(ClipState.MAKING, ClipState.ABORTED)).update(
        state=ClipState.ABORTED, **_UNLINKED
    )
    never_left += mine.filter(state=ClipState.HELD).update(**_UNLINKED)
    return never_left + mine.update(state=ClipState.ERASED, **_UNLINKED)


def list_linked_clips(before: datetime, *, organisation_id: str, livemode: bool) -> QuerySet[Clip]:
    """Return the organisation's finished clips from before `before` that are still linked to a
    person.
    """
    mine = Clip.objects.filter(
        organisation_id=organisation_id, livemode=livemode, created_at__lt=before
    )
    return mine.exclude(state=ClipState.MAKING).exclude(subject="")


@transactions.requires_transaction
def erase_clips(clip_ids: Sequence[str]) -> int:
    """Delete the audio of finished clips and unlink them from their person, and return how many."""
    found = Clip.objects.filter(id__in=clip_ids).exclude(state=ClipState.MAKING)
    clip_fingerprints.erase_fingerprints_of_clips(clip_ids)
    held = found.values_list("blob_id", "manifest_blob_id")
    for blob_id in sorted(
        {blob_id for pair in held for blob_id in pair if blob_id}
    ):  # an embedded one shares its blob
        with suppress(NotFound):  # an erasure may have been faster
            blobs.delete_blob(blob_id)
    Receipt.objects.filter(clip__in=found).delete()
    never_left = found.filter(state__in=(ClipState.ABORTED, ClipState.HELD))
    return never_left.update(**_UNLINKED) + found.filter(state__in=LEFT).update(
        state=ClipState.ERASED, **_UNLINKED
    )
