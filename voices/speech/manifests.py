"""The Content Credentials of a clip, and what happens when they cannot be made."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from consent.gate import Permit
from core import canonical_json, transactions
from core.errors import SaysoError
from provenance.c2pa import log_reference, manifest_signer, signing_authority
from provenance.c2pa.manifest import ManifestScope, Statement
from provenance.c2pa.manifest_signer import CredentialFailed, Parent, SignedManifest
from provenance.clips import clip_lifecycle
from vault import blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestResult:
    """A clip's bytes with the manifest in or beside them, or without one for a `reason`."""

    data: bytes = field(repr=False)
    signed: SignedManifest | None
    reason: str = ""


def attach_manifest(
    data: bytes,
    codec: str,
    *,
    clip_id: str,
    marked: bool,
    permit: Permit,
    at: datetime,
    parent: Parent | None = None,
    mode: str | None = None,
) -> ManifestResult:
    """Sign a clip. Its manifest is embedded where the format can carry one.

    `mode` may say `sidecar` instead. `marked` says whether the clip is watermarked, and `parent` is
    the provider's own file. No transaction may be open. Raises CredentialFailed, unless the
    organisation's policy lets clips leave without a manifest (`c2pa_failed`: `deliver`).
    """
    try:
        said = _build_statement(clip_id, permit, marked=marked, at=at)
        signed = manifest_signer.sign_manifest(
            data, codec, said, signer=_get_signer(at), parent=parent, mode=mode
        )
    except CredentialFailed as failure:
        if permit.policy.get("c2pa_failed") != "deliver":
            raise
        return ManifestResult(data=data, signed=None, reason=failure.reason)
    return ManifestResult(data=signed.data, signed=signed)


@transactions.requires_transaction
def store_manifest(
    attached: ManifestResult, *, clip_id: str, blob_id: str, subject: str, actor: str, at: datetime
) -> Mapping[str, Any]:
    """Keep the manifest under the speaker's key, or log why there is none.

    `blob_id` is that of the clip's bytes, which hold an embedded manifest. Returns the fields of
    the delivery that describe the manifest.
    """
    signed = attached.signed
    if signed is None:
        clip_lifecycle.note_c2pa_failed(
            clip_id, reason=attached.reason, delivered=True, at=at, actor=actor
        )
        return {"manifest_reason": attached.reason}
    if signed.mode == manifest_signer.SIDECAR:
        blob_id = blobs.store_blob(subject=subject, kind="manifest", data=signed.manifest, at=at)
    return {
        "manifest_mode": signed.mode,
        "manifest_id": signed.manifest_id,
        "manifest_sha256": canonical_json.sha256_hex(signed.manifest),
        "manifest_offset": signed.offset,
        "manifest_size": len(signed.manifest),
        "manifest_blob_id": blob_id,
        "credential": signed.credential,
    }


def _build_statement(clip_id: str, permit: Permit, *, marked: bool, at: datetime) -> Statement:
    scope = ManifestScope(
        use_case=permit.use_case, language=permit.language, channel=permit.channel,
        territory=permit.territory
    )  # fmt: skip
    return Statement(
        manifest_id=f"urn:c2pa:{uuid.uuid4()}",
        clip_id=clip_id,
        at=at,
        software=settings.VERSION,
        marked=marked,
        scope=scope,
        commitment=log_reference.get_commitment(permit.event_id),
    )


def _get_signer(at: datetime) -> signing_authority.ManifestSigner:
    try:
        return signing_authority.get_manifest_signer(at=at)
    except SaysoError as away:
        raise CredentialFailed("not_signed") from away
