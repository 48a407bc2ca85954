"""The life of a clip after its reservation: issued or aborted, later withdrawn.

Every change is one conditional UPDATE whose row count decides: the first to change `making` wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core import ids, transactions
from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import NotFound
from provenance.clips import log_body, stream_progress, watermark_keys
from provenance.clips.clip_fields import ClipDelivery
from provenance.clips.errors import ClipAlreadySettled, ClipErased, ClipWithdrawn
from provenance.clips.log_body import PartialDelivery
from provenance.fingerprint import clip_fingerprints
from provenance.models import Clip, ClipState
from transparency_log import events
from vault import blobs, sealed_notes


@transactions.requires_transaction
def issue_clip(
    clip: Clip, delivery: ClipDelivery, *, terms: log_body.LoggedTerms, at: datetime, actor: str
) -> Clip:
    """Turn a reserved clip into an issued one, and log it.

    `clip` is the row of a `ClipReservation`. Make it the last call of the delivering transaction.
    Raises ClipAlreadySettled when the clip was settled in the meantime: then nothing may be
    delivered.
    """
    columns = {"state": ClipState.ISSUED, "issued_at": at, **delivery.columns()}
    for name, value in columns.items():
        setattr(clip, name, value)

    issued = _build_clip_event(
        clip,
        "clip.issued",
        log_body.build_issued_body(clip, terms),
        at=at,
        actor=actor,
        keyed={"script": terms.script} if terms.script else {},
        event_id=ids.new("evt"),
    )
    clip.event_id = issued.event_id

    making = Clip.objects.filter(id=clip.id, state=ClipState.MAKING)
    if not making.update(**columns, event_id=issued.event_id):
        raise ClipAlreadySettled("This clip was given up in the meantime.", facts={"clip": clip.id})

    watermark_keys.note_audiowmark_use(clip)
    clip_fingerprints.order_fingerprint(clip)
    events.append_events([issued])
    return clip


@transactions.requires_transaction
def note_mark_failed(
    clip_id: str, *, reason: str, delivered: bool, at: datetime, actor: str
) -> None:
    """Log that a clip could not be marked, and whether it was delivered without its mark."""
    clip = Clip.objects.get(id=clip_id)
    _log_clip_event(
        clip, "clip.mark_failed", {"reason": reason, "delivered": delivered}, at=at, actor=actor
    )


@transactions.requires_transaction
def note_c2pa_failed(
    clip_id: str, *, reason: str, delivered: bool, at: datetime, actor: str
) -> None:
    """Log that a clip got no manifest, and whether it was delivered without one."""
    clip = Clip.objects.get(id=clip_id)
    _log_clip_event(
        clip, "clip.c2pa_failed", {"reason": reason, "delivered": delivered}, at=at, actor=actor
    )


@transactions.requires_transaction
def abort_clip(
    clip_id: str, *, code: str, at: datetime, actor: str, part: PartialDelivery | None = None
) -> bool:
    """Abort a clip in the making. Returns whether this call did it: that call settles the permit.

    `part` is what had left of a stream by then. It is hashed and logged as incomplete, never kept,
    and has no receipt.
    """
    left = {"issued_at": at, "characters": part.characters, **part.sent.columns()} if part else {}
    rows = Clip.objects.filter(id=clip_id, state=ClipState.MAKING)
    changed = rows.update(state=ClipState.ABORTED, code=code, ended_at=at, **left)
    if changed:
        clip = Clip.objects.get(id=clip_id)
        stream_progress.forget_progress(clip_id)
        body = log_body.build_partial_body(clip, part) if part else {}
        clip.event_id = _log_clip_event(
            clip, "clip.aborted", {**body, "code": code}, at=at, actor=actor
        )
        clip.save(update_fields=["event_id"])
    return bool(changed)


@transactions.requires_transaction
def hold_clip(clip_id: str, *, code: str, at: datetime, actor: str) -> bool:
    """Hold a clip in the making, for its sound is not what was asked for. Nothing of it is kept.

    Returns whether this call did it: that call settles the permit.
    """
    rows = Clip.objects.filter(id=clip_id, state=ClipState.MAKING)
    changed = rows.update(state=ClipState.HELD, code=code, ended_at=at)
    if changed:
        clip = Clip.objects.get(id=clip_id)
        stream_progress.forget_progress(clip_id)
        clip.event_id = _log_clip_event(clip, "clip.held", {"code": code}, at=at, actor=actor)
        clip.save(update_fields=["event_id"])

    return bool(changed)


@transactions.opens_transaction
def withdraw_clips_of_consent(
    consent_id: str, *, at: datetime, actor: str, limit: int = 200
) -> int:
    """Mark up to `limit` issued clips of a withdrawn consent as withdrawn, log each, and return how
    many.

    Call it until it returns 0.
    """
    found = Clip.objects.filter(consent_id=consent_id, state=ClipState.ISSUED).order_by("id")[
        :limit
    ]
    withdrawn = [clip for clip in found if _withdraw_clip(clip, at)]
    body: dict[str, Json] = {"code": "consent_revoked"}
    events.append_events(
        [_build_clip_event(clip, "clip.withdrawn", body, at=at, actor=actor) for clip in withdrawn]
    )
    return len(withdrawn)


def get_clip(clip_id: str, *, organisation_id: str, livemode: bool) -> Clip:
    """Return the organisation's clip of this id that was delivered, whole or in part.

    Raises NotFound.
    """
    mine = Clip.objects.delivered_in_any_part().filter(
        id=clip_id, organisation_id=organisation_id, livemode=livemode
    )
    clip = mine.first() if ids.is_id(clip_id, "clp") else None
    if clip is None:
        raise NotFound("There is no such clip.")
    return clip


def open_clip_notes(clip: Clip) -> Notes:
    """Open what the caller wrote beside the clip. Empty once its person has been erased."""
    return sealed_notes.open_notes(clip, subjects=(clip.subject,))


def read_delivered_bytes(clip_id: str) -> bytes:
    """Return the very bytes that were delivered.

    It asks no gate: its caller does. Raises ClipErased, ClipWithdrawn, NotFound.
    """
    clip = Clip.objects.delivered_in_full().filter(id=clip_id).first()
    if clip is None:
        raise NotFound("There is no such clip.")
    if clip.state == ClipState.ERASED or not clip.blob_id:
        raise ClipErased("This clip was erased.")
    if clip.state == ClipState.WITHDRAWN:
        raise ClipWithdrawn("The permission behind this clip has ended.")
    return blobs.get_blob(clip.blob_id)


def _withdraw_clip(clip: Clip, at: datetime) -> bool:
    rows = Clip.objects.filter(id=clip.id, state=ClipState.ISSUED)
    return bool(rows.update(state=ClipState.WITHDRAWN, ended_at=at))


def _log_clip_event(
    clip: Clip, kind: str, body: Mapping[str, Json], *, at: datetime, actor: str
) -> str:
    return events.append_events([_build_clip_event(clip, kind, body, at=at, actor=actor)])[0]


def _build_clip_event(
    clip: Clip,
    kind: str,
    body: Mapping[str, Json],
    *,
    at: datetime,
    actor: str,
    keyed: Mapping[str, str] | None = None,
    event_id: str = "",
) -> events.LogEvent:
    return events.LogEvent(
        organisation_id=clip.organisation_id,
        livemode=clip.livemode,
        kind=kind,
        at=at,
        actor=actor,
        subject=clip.subject or None,
        refs={"clip": clip.id, "consent": clip.consent_id, "decision": clip.decision_id},
        body=body,
        keyed=keyed or {},
        event_id=event_id,
    )
