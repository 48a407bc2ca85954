"""Receipts: a signed statement of which grant allowed a clip, what was delivered and how it is
logged.

All of it comes from the log's own entry and the body that the entry commits to. The holder of the
opening (`get_entry_opening`) can check each word of it against the log. A receipt holds codes, ids
and hashes, and no personal data.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from django.conf import settings

from core import canonical_json, clock, jws
from core.base64url import encode_base64url
from core.canonical_json import Json
from core.errors import NotFound
from provenance.clips.errors import ClipErased
from provenance.models import Clip, ClipState, Receipt
from transparency_log import log_reader, proofs
from transparency_log.formats import merkle
from transparency_log.log_reader import LoggedEvent, Opening
from vault import signing_keys

FORMAT: Final = "sayso-receipt/1"
TYPE: Final = "sayso-receipt+jws"
COMPACT: Final = "application/jose"
GENERAL: Final = "application/jose+json"


class ReceiptNotFound(NotFound):
    """The clip was broken off, was made before receipts were, or its entry was lost with a restored
    backup.
    """

    code = "no_receipt"


def issue_general_receipt(clip: Clip, *, at: datetime) -> str:
    """Return the receipt of a delivered clip with all its signatures.

    The form is the general JSON of JWS (RFC 7515, 7.2.1). The bytes never change once made. `at` is
    the real time, in which keys are valid. No transaction may be open: an entry that waits is first
    placed and covered by a checkpoint. Raises ClipErased, ReceiptNotFound, KmsUnavailable,
    AnchorMismatch.
    """
    _refuse_erased(clip)
    kept = Receipt.objects.filter(clip=clip).first()
    if kept is None:
        made = Receipt(clip=clip, jws=_sign_receipt(clip, at=at), signed_at=at)
        Receipt.objects.bulk_create([made], ignore_conflicts=True)
        kept = Receipt.objects.get(clip=clip)
    return kept.jws


def issue_compact_receipt(clip: Clip, *, at: datetime) -> str:
    """Return the receipt in the compact form of JWS, with its Ed25519 signature alone.

    Raises as `issue_general_receipt` does.
    """
    whole: dict[str, Any] = json.loads(issue_general_receipt(clip, at=at))
    first = whole["signatures"][0]
    return f"{first['protected']}.{whole['payload']}.{first['signature']}"


def get_entry_opening(clip: Clip, *, at: datetime) -> Opening:
    """Return what opens the clip's log entry to a third party: its key and its body.

    The script's keyed hash is in the body. Raises ClipErased, ReceiptNotFound.
    """
    _refuse_erased(clip)
    place = proofs.settle_event(clip.event_id, at=at)
    found = log_reader.get_opening(place.event_id)
    if found is None:
        raise ClipErased("This clip was erased.")
    return found


def _refuse_erased(clip: Clip) -> None:
    if clip.state == ClipState.ERASED:
        raise ClipErased("This clip was erased.")


def _sign_receipt(clip: Clip, *, at: datetime) -> str:
    place = proofs.settle_event(clip.event_id, at=at)
    event = log_reader.get_event(place.event_id)
    if event.body is None:
        raise ClipErased("This clip was erased.")
    if event.kind != "clip.issued":
        raise ReceiptNotFound("This clip was broken off: no one received it whole.")
    if "script" not in event.body:
        raise ReceiptNotFound("This clip was made before receipts were.")
    payload = canonical_json.dump(
        build_statement(event, event.body, origin=place.origin, signed_at=at)
    )
    encoded = encode_base64url(payload)
    signatures: list[Json] = [
        _build_signature(encoded, each) for each in _list_signers(clip.organisation_id, at=at)
    ]
    return json.dumps({"payload": encoded, "signatures": signatures}, separators=(",", ":"))


def build_statement(
    event: LoggedEvent, body: Mapping[str, Json], *, origin: str, signed_at: datetime
) -> dict[str, Json]:
    """Return what a receipt says of an issued clip.

    `body` is the opened body of the `clip.issued` event. The function is pure.
    """
    mark = cast("Mapping[str, Json] | None", body["mark"])
    asked, terms = (cast("Mapping[str, Json]", body[name]) for name in ("asked", "terms"))
    leaf = base64.b64encode(merkle.hash_leaf(event.payload)).decode("ascii")
    return {
        "format": FORMAT,
        "clip": event.refs["clip"],
        "organisation": event.organisation_id,
        "livemode": event.livemode,
        "issued_at": clock.to_rfc3339(event.at),
        "consent": {
            "id": event.refs["consent"],
            "record_sha256": body["record_sha256"],
            "valid_until": terms["valid_until"],
        },
        "grant": {
            "id": body["grant"],
            **{name: value for name, value in terms.items() if name != "valid_until"},
        },
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
        "audio": {
            name: body[name]
            for name in ("sha256", "sha256_pcm", "media_type", "bytes", "duration_ms", "padded_ms")
            if name in body
        },
        "marks": {
            # Token and epoch stay with the log. They find the clip, and a receipt may go to any
            # reader. Without a mark it says why, in one word.
            "watermark": {
                name: fact for name, fact in mark.items() if name not in {"token", "epoch"}
            }
            if mark
            else body.get("mark_reason"),
            "c2pa": body.get("c2pa"),
        },
        "log": {
            "origin": origin,
            "index": event.index,
            "entry": event.payload.decode("utf-8"),
            "leaf": leaf,
        },
        "signed_at": clock.to_rfc3339(signed_at),
    }


def _list_signers(
    organisation_id: str, *, at: datetime
) -> tuple[tuple[str, signing_keys.Signer], ...]:
    first = (
        jws.ED25519,
        signing_keys.get_signer("receipts", organisation_id=organisation_id, at=at),
    )
    if not settings.SAYSO_RECEIPTS_ML_DSA:
        return (first,)
    return (
        first,
        (
            "ML-DSA-44",
            signing_keys.get_signer("receipts-mldsa44", organisation_id=organisation_id, at=at),
        ),
    )


def _build_signature(payload: str, named: tuple[str, signing_keys.Signer]) -> dict[str, Json]:
    algorithm, signer = named
    made = jws.sign_encoded(
        payload, algorithm=algorithm, key_id=signer.key_id, typ=TYPE, sign=signer.sign
    )
    return {"protected": made.protected, "signature": made.signature}
