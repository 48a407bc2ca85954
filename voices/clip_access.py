"""Access to clips: their rows, audio, receipts, manifests and log proofs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from accounts.principal import Principal
from accounts.sandbox_clock import now_for
from consent import gate
from core import ids
from core.errors import NotFound
from provenance.c2pa import manifest_store
from provenance.clips import clip_lifecycle, clip_receipts, errors
from provenance.models import Clip, ClipState
from transparency_log import proofs
from transparency_log.log_reader import Opening
from vault import sealed_notes

_COLUMNS: Final = {
    "voice": "voice_id",
    "consent": "consent_id",
    "decision": "decision_id",
    "state": "state",
    "language": "language",
    "use_case": "use_case",
    "from": "issued_at__gte",
    "to": "issued_at__lt",
}


def list_clips(principal: Principal) -> QuerySet[Clip]:
    """Return the principal's clips that were delivered, whole or in part."""
    # Whatever was delivered has a time. To say so spares the index those that were not.
    return Clip.objects.delivered_in_any_part().filter(
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        issued_at__isnull=False,
    )


def filter_clips(
    wanted: Mapping[str, Any], *, principal: Principal, at: datetime
) -> QuerySet[Clip]:
    """Return the principal's clips by the columns in `_COLUMNS`, `external_id`, `metadata` and
    `client_reference`.

    What `wanted` does not name narrows nothing.
    """
    rows = list_clips(principal).filter(
        **{column: wanted[name] for name, column in _COLUMNS.items() if name in wanted}
    )

    return sealed_notes.filter_by_notes(
        rows, wanted, organisation_id=principal.organisation_id, at=at
    )


def get_own_clip(clip_id: str, *, principal: Principal) -> Clip:
    """Return one of the principal's clips.

    Raises NotFound, for the clips of others too.
    """
    return clip_lifecycle.get_clip(
        clip_id, organisation_id=principal.organisation_id, livemode=principal.livemode
    )


def get_clip_facts(clip_id: str, *, principal: Principal) -> Clip:
    """Return one of the principal's clips, or one that is still being made for them.

    The head of a stream names its clip before anything of it has left.

    Raises NotFound, for the clips of others too.
    """
    making = Clip.objects.filter(
        id=clip_id,
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        state=ClipState.MAKING,
    )
    found = making.first() if ids.is_id(clip_id, "clp") else None
    return found or get_own_clip(clip_id, principal=principal)


def get_clip_audio(clip_id: str, *, principal: Principal, at: datetime) -> tuple[Clip, bytes]:
    """Return the clip and the exact bytes that were delivered, while the consent allows it.

    Raises NotFound, ClipErased, ClipWithdrawn, ConsentDenied.
    """
    clip = get_own_clip(clip_id, principal=principal)
    if clip.state == ClipState.ISSUED:
        gate.may_still(clip.decision_id, at=at)

    return clip, clip_lifecycle.read_delivered_bytes(clip.id)


def get_linked_audio(clip_id: str, *, wall_time: datetime) -> tuple[Clip, bytes]:
    """Return a clip and its bytes to the holder of a link, while the consent allows it.

    `wall_time` is the real time. Raises as `get_clip_audio`.
    """
    clip = Clip.objects.select_related("organisation").filter(id=clip_id).first()
    if clip is None:
        raise NotFound("There is no such clip.")

    owner = Principal(
        organisation_id=clip.organisation_id, livemode=clip.livemode, actor="system:link"
    )
    at = now_for(clip.organisation, livemode=clip.livemode, wall_time=wall_time)
    return get_clip_audio(clip_id, principal=owner, at=at)


def get_clip_proof(clip_id: str, *, principal: Principal, at: datetime) -> str:
    """Return the C2SP tlog-proof of the clip's log entry at the real time `at`.

    Raises NotFound.
    """
    return proofs.build_tlog_proof(get_own_clip(clip_id, principal=principal).event_id, at=at)


def get_clip_receipt(clip_id: str, *, principal: Principal, at: datetime) -> str:
    """Return the clip's receipt in the compact form of JWS, at the real time `at`.

    Raises NotFound, ClipErased, ReceiptNotFound.
    """
    return clip_receipts.issue_compact_receipt(get_own_clip(clip_id, principal=principal), at=at)


def get_full_receipt(clip_id: str, *, principal: Principal, at: datetime) -> str:
    """Return the clip's receipt with all its signatures, in the general JSON form of JWS.

    Raises as `get_clip_receipt` does.
    """
    return clip_receipts.issue_general_receipt(get_own_clip(clip_id, principal=principal), at=at)


def get_clip_opening(clip_id: str, *, principal: Principal, at: datetime) -> Opening:
    """Return what opens the clip's log entry to a third party.

    Raises NotFound, ClipErased.
    """
    return clip_receipts.get_entry_opening(get_own_clip(clip_id, principal=principal), at=at)


def get_clip_manifest(clip_id: str, *, principal: Principal) -> bytes:
    """Return the C2PA manifest of a clip.

    Raises NotFound, ClipErased, ManifestNotFound.
    """
    clip = get_own_clip(clip_id, principal=principal)
    if clip.state == ClipState.ERASED:
        raise errors.ClipErased("This clip was erased.")

    return manifest_store.load_manifest_store(clip)
