"""The Content Credentials of a clip: what is said of it, and what happens when they cannot be made."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from consent.gate import Permit
from core import canonical, tx
from core.errors import SaysoError
from provenance import clips
from provenance.credentials import authority, position, signing
from provenance.credentials.manifest import Scope, Statement
from provenance.credentials.signing import CredentialFailed, Parent, Signed
from vault import blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A clip ready to leave: `data` with its manifest in or beside it, or without one for a `reason`."""

    data: bytes = field(repr=False)
    signed: Signed | None
    reason: str = ""


def attach(
    data: bytes,
    codec: str,
    *,
    clip_id: str,
    marked: bool,
    permit: Permit,
    policy: Mapping[str, Any],
    at: datetime,
    parent: Parent | None = None,
    mode: str | None = None,
) -> Attached:
    """Sign a clip; embedded where its format can carry a manifest, unless `mode` says `sidecar`. No transaction.

    Raises CredentialFailed, unless the organisation's `policy` lets clips leave without (`c2pa_failed`: `deliver`).
    """
    try:
        said = _statement(clip_id, permit, marked=marked, at=at)
        signed = signing.sign(data, codec, said, signer=_signer(at), parent=parent, mode=mode)
    except CredentialFailed as failure:
        if policy.get("c2pa_failed") != "deliver":
            raise
        return Attached(data=data, signed=None, reason=failure.reason)
    return Attached(data=signed.data, signed=signed)


@tx.required
def keep(
    attached: Attached, *, clip_id: str, blob_id: str, subject: str, actor: str, at: datetime
) -> Mapping[str, Any]:
    """Keep the manifest with the clip, under the person's key, or log why there is none; give the delivery's fields.

    `blob_id` is that of the clip's bytes, which hold an embedded manifest.
    """
    signed = attached.signed
    if signed is None:
        clips.note_c2pa_failed(clip_id, reason=attached.reason, delivered=True, at=at, actor=actor)
        return {"manifest_reason": attached.reason}
    if signed.mode == signing.SIDECAR:
        blob_id = blobs.put(subject=subject, kind="manifest", data=signed.manifest, at=at)
    return {
        "manifest_mode": signed.mode,
        "manifest_id": signed.manifest_id,
        "manifest_sha256": canonical.sha256(signed.manifest),
        "manifest_offset": signed.offset,
        "manifest_size": len(signed.manifest),
        "manifest_blob_id": blob_id,
        "credential": signed.credential,
    }


def _statement(clip_id: str, permit: Permit, *, marked: bool, at: datetime) -> Statement:
    scope = Scope(
        use_case=permit.use_case, language=permit.language, channel=permit.channel, territory=permit.territory
    )  # fmt: skip
    return Statement(
        manifest_id=f"urn:c2pa:{uuid.uuid4()}",
        clip_id=clip_id,
        at=at,
        software=settings.VERSION,
        marked=marked,
        scope=scope,
        commitment=position.commitment(permit.event_id),
    )


def _signer(at: datetime) -> authority.Signer:
    try:
        return authority.signer(at=at)
    except SaysoError as away:
        raise CredentialFailed("not_signed") from away
