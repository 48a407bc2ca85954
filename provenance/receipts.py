"""Receipts: one signed statement a clip, of which grant allowed it, what was delivered, how it is marked and logged.

Everything in it comes from the log's own entry and the body that the entry commits to, so whoever gets the opening, too
(`opening`), can hold each word of it against the log. It names codes, ids and hashes, and nobody.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from django.conf import settings

from core import canonical, clock
from core.canonical import Json
from core.errors import NotFound
from provenance.clips import ClipErased
from provenance.ledger import merkle, proofs, queries
from provenance.ledger.queries import Event, Opening
from provenance.models import Clip, ClipState, Receipt
from vault import signing

FORMAT: Final = "sayso-receipt/1"
TYPE: Final = "sayso-receipt+jws"
COMPACT: Final = "application/jose"
GENERAL: Final = "application/jose+json"


class NoReceipt(NotFound):
    """The clip was broken off, was made before receipts were, or its entry was lost with a restored backup."""

    code = "no_receipt"


def general(clip: Clip, *, at: datetime) -> str:
    """Give the receipt of a clip that left, in the general JSON form of JWS (RFC 7515, 7.2.1): all its signatures.

    The same bytes for ever. `at` is the real time, in which keys are valid. Not inside a transaction: an entry that
    waits is placed and covered by a checkpoint first. Raises ClipErased, NoReceipt, KmsUnavailable, AnchorMismatch.
    """
    _refuse_erased(clip)
    kept = Receipt.objects.filter(clip=clip).first()
    if kept is None:
        made = Receipt(clip=clip, jws=_signed(clip, at=at), signed_at=at)
        Receipt.objects.bulk_create([made], ignore_conflicts=True)
        kept = Receipt.objects.get(clip=clip)
    return kept.jws


def compact(clip: Clip, *, at: datetime) -> str:
    """Give the receipt in the compact form of JWS, with its Ed25519 signature alone. Raises as `general` does."""
    whole: dict[str, Any] = json.loads(general(clip, at=at))
    first = whole["signatures"][0]
    return f"{first['protected']}.{whole['payload']}.{first['signature']}"


def opening(clip: Clip, *, at: datetime) -> Opening:
    """Give what opens the clip's entry to a third party: its key and body, the script's keyed hash among them.

    Raises ClipErased, NoReceipt.
    """
    _refuse_erased(clip)
    place = proofs.settled(clip.event_id, at=at)
    found = queries.opening(place.event_id)
    if found is None:
        raise ClipErased("This clip was erased.")
    return found


def _refuse_erased(clip: Clip) -> None:
    if clip.state == ClipState.ERASED:
        raise ClipErased("This clip was erased.")


def _signed(clip: Clip, *, at: datetime) -> str:
    place = proofs.settled(clip.event_id, at=at)
    event = queries.event(place.event_id)
    if event.body is None:
        raise ClipErased("This clip was erased.")
    if event.kind != "clip.issued":
        raise NoReceipt("This clip was broken off: nobody received it whole.")
    if "script" not in event.body:
        raise NoReceipt("This clip was made before receipts were.")
    payload = canonical.dump(statement(event, event.body, origin=place.origin, signed_at=at))
    encoded = _base64url(payload)
    signatures: list[Json] = [_signature(encoded, each) for each in _signers(clip.organisation_id, at=at)]
    return json.dumps({"payload": encoded, "signatures": signatures}, separators=(",", ":"))


def statement(event: Event, body: Mapping[str, Json], *, origin: str, signed_at: datetime) -> dict[str, Json]:
    """Give what a receipt says of an issued clip. Pure; `body` is the opened body of the `clip.issued` event."""
    mark = cast("Mapping[str, Json] | None", body["mark"])
    asked, terms = (cast("Mapping[str, Json]", body[name]) for name in ("asked", "terms"))
    leaf = base64.b64encode(merkle.leaf_hash(event.payload)).decode("ascii")
    return {
        "format": FORMAT,
        "clip": event.refs["clip"],
        "organisation": event.organisation_id,
        "livemode": event.livemode,
        "issued_at": clock.rfc3339(event.at),
        "consent": {
            "id": event.refs["consent"],
            "record_sha256": body["record_sha256"],
            "valid_until": terms["valid_until"],
        },
        "grant": {"id": body["grant"], **{name: value for name, value in terms.items() if name != "valid_until"}},
        "decision": {
            "id": event.refs["decision"],
            "policy_version": body["policy_version"],
            "language": body["language"],
            "use_case": body["use_case"],
            **asked,
        },
        "script": {
            "alg": "hmac-sha256/1",
            "hash": body["script"],
            "characters": body["characters"],
            "disclosure": body["disclosure"],
        },
        "audio": {name: body[name] for name in ("sha256", "sha256_pcm", "media_type", "bytes", "duration_ms")},
        "marks": {
            # Token and epoch stay with the log: they find the clip, and a receipt goes to anybody.
            "watermark": mark and {name: fact for name, fact in mark.items() if name not in {"token", "epoch"}},
            "c2pa": body.get("c2pa"),
        },
        "log": {"origin": origin, "index": event.index, "entry": event.payload.decode("utf-8"), "leaf": leaf},
        "signed_at": clock.rfc3339(signed_at),
    }


def _signers(organisation_id: str, *, at: datetime) -> tuple[tuple[str, signing.Signer], ...]:
    first = ("Ed25519", signing.signer("receipts", organisation_id=organisation_id, at=at))
    if not settings.SAYSO_RECEIPTS_ML_DSA:
        return (first,)
    return (first, ("ML-DSA-44", signing.signer("receipts-mldsa44", organisation_id=organisation_id, at=at)))


def _signature(payload: str, named: tuple[str, signing.Signer]) -> dict[str, Json]:
    algorithm, signer = named
    protected = _base64url(canonical.dump({"alg": algorithm, "kid": signer.key_id, "typ": TYPE}))
    return {"protected": protected, "signature": _base64url(signer.sign(f"{protected}.{payload}".encode("ascii")))}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
