"""Clips: find them, hand out their audio while the permission lasts, and prove that they were
logged.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from accounts.principal import Principal
from consent import gate
from provenance.c2pa import manifest_store
from provenance.clips import clip_lifecycle, clip_receipts, errors
from provenance.models import Clip, ClipState
from transparency_log import proofs
from transparency_log.log_reader import Opening


def list_clips(principal: Principal) -> QuerySet[Clip]:
    """The organisation's clips that left, whole or in part, live or test as the principal is."""
    return Clip.objects.delivered_in_any_part().filter(
        organisation_id=principal.organisation_id, livemode=principal.livemode
    )


def get_clip(clip_id: str, *, principal: Principal) -> Clip:
    """One of them. Raises NotFound, for strangers' ids too."""
    return clip_lifecycle.get_clip(
        clip_id, organisation_id=principal.organisation_id, livemode=principal.livemode
    )


def get_clip_audio(clip_id: str, *, principal: Principal, at: datetime) -> tuple[Clip, bytes]:
    """The clip and the very bytes that were delivered.

    Raises NotFound, ClipErased, ClipWithdrawn, ConsentDenied.
    """
    clip = get_clip(clip_id, principal=principal)
    if clip.state == ClipState.ISSUED:
        gate.may_still(clip.decision_id, at=at)
    return clip, clip_lifecycle.read_delivered_bytes(clip.id)


def get_clip_proof(clip_id: str, *, principal: Principal, at: datetime) -> str:
    """The C2SP tlog-proof of the clip's log entry. `at` is the real time. Raises NotFound."""
    return proofs.build_tlog_proof(get_clip(clip_id, principal=principal).event_id, at=at)


def get_clip_receipt(clip_id: str, *, principal: Principal, at: datetime) -> str:
    """The clip's receipt in the compact form of JWS; `at` is the real time.

    Raises NotFound, ClipErased, NoReceipt.
    """
    return clip_receipts.issue_compact_receipt(get_clip(clip_id, principal=principal), at=at)


def get_full_receipt(clip_id: str, *, principal: Principal, at: datetime) -> str:
    """The same with all its signatures, in the general JSON form of JWS.

    Raises as `get_clip_receipt` does.
    """
    return clip_receipts.issue_general_receipt(get_clip(clip_id, principal=principal), at=at)


def get_clip_opening(clip_id: str, *, principal: Principal, at: datetime) -> Opening:
    """What opens the clip's log entry to a third party. Raises NotFound, ClipErased."""
    return clip_receipts.get_clip_opening(get_clip(clip_id, principal=principal), at=at)


def get_clip_manifest(clip_id: str, *, principal: Principal) -> bytes:
    """The C2PA manifest of a clip. Raises NotFound, ClipErased, NoManifest."""
    clip = get_clip(clip_id, principal=principal)
    if clip.state == ClipState.ERASED:
        raise errors.ClipErased("This clip was erased.")
    return manifest_store.load_manifest_store(clip)
