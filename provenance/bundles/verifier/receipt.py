"""A clip's receipt: who signed it, and what it says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from provenance.bundles.verifier.ed25519 import ed25519_valid
from provenance.bundles.verifier.mldsa import mldsa44_valid
from provenance.bundles.verifier.outcomes import Refusal, Skipped, Unreadable
from provenance.bundles.verifier.reading import canonical, moment, read_json, unbase64url
from provenance.bundles.verifier.trust import Pinned

RECEIPT_FORMAT = "sayso-receipt/1"
RECEIPT_TYPE = "sayso-receipt+jws"
PURPOSE_OF = {"Ed25519": "receipts", "ML-DSA-44": "receipts-mldsa44"}


class Signed(NamedTuple):
    """A receipt as it came: the payload in base64url, and header and signature for each signer."""

    payload: str
    signatures: list[tuple[str, str]]


def read_signed(data: bytes) -> Signed:
    """Read the compact or the general JSON form of a JWS, nothing of it believed. Raises Unreadable."""
    try:
        text = data.decode("ascii").strip()
        if not text.startswith("{"):
            protected, payload, signature = text.split(".")
            return Signed(payload, [(protected, signature)])
        whole = read_json(data)
        rows = [(row["protected"], row["signature"]) for row in whole["signatures"]]
        if set(whole) != {"payload", "signatures"} or not all(isinstance(one, str) for row in rows for one in row):
            raise Unreadable("this is not a receipt: a JWS of another form")
        return Signed(str(whole["payload"]), rows)
    except (Refusal, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"this is not a receipt: {type(error).__name__}") from error


def check_signature(signed: Signed, pinned: Pinned) -> str:
    """A trusted key signed exactly these bytes with Ed25519."""
    kid, good = _verified(signed, "Ed25519", pinned)
    if not good:
        raise Refusal("the signature is false")
    return f"signed by {kid}"


def check_second(signed: Signed, pinned: Pinned) -> str:
    """So did a trusted key with ML-DSA-44, where the receipt has such a signature."""
    heads = [_head(protected)["alg"] for protected, _ in signed.signatures]
    if sorted(heads) not in (["Ed25519"], ["Ed25519", "ML-DSA-44"]):
        raise Refusal(f"signatures of {', '.join(map(str, heads))}, which no receipt has")
    if "ML-DSA-44" not in heads:
        raise Skipped("this form of the receipt has no signature of ML-DSA-44")
    if not pinned.get(PURPOSE_OF["ML-DSA-44"]):
        raise Skipped("no key of ML-DSA-44 was given with --key")
    kid, good = _verified(signed, "ML-DSA-44", pinned)
    if not good:
        raise Refusal("the signature of ML-DSA-44 is false")
    return f"signed by {kid}"


def _verified(signed: Signed, algorithm: str, pinned: Pinned) -> tuple[str, bool]:
    for protected, signature in signed.signatures:
        head = _head(protected)
        if head["alg"] == algorithm:
            known = pinned.get(PURPOSE_OF[algorithm], {})
            if not known:
                raise Refusal("the file of --key has no key for receipts: take the log's keys.json, not /key")
            if head["kid"] not in known:
                raise Refusal(f"signed with the key {head['kid']!r}, which is not among the trusted ones")
            valid = ed25519_valid if algorithm == "Ed25519" else mldsa44_valid
            data = f"{protected}.{signed.payload}".encode("ascii")
            return head["kid"], valid(known[head["kid"]], data, unbase64url(signature))
    raise Refusal(f"there is no signature of {algorithm}")


def _head(protected: str) -> dict[str, Any]:
    head: dict[str, Any] = read_json(unbase64url(protected))
    if sorted(head) != ["alg", "kid", "typ"] or head["typ"] != RECEIPT_TYPE:
        raise Refusal("the header is not that of a receipt")
    return head


def check_form(signed: Signed, periods: dict[str, tuple[datetime, datetime | None]], facts: dict[str, Any]) -> str:
    """The payload is canonical JSON of a receipt, signed while its keys were valid; `facts` is filled with it."""
    data = unbase64url(signed.payload)
    said = read_json(data)
    if canonical(said) != data or said["format"] != RECEIPT_FORMAT or said["script"]["alg"] != "hmac-sha256/1":
        raise Refusal(f"not the canonical JSON of {RECEIPT_FORMAT}")
    made = moment(said["signed_at"])
    for protected, _ in signed.signatures:
        kid = _head(protected)["kid"]
        start, end = periods.get(kid, (made, None))
        if made < start or (end is not None and made >= end):
            raise Refusal(f"the key {kid} was not valid at {said['signed_at']}")
    facts.update(said)
    grant, decision = said["grant"], said["decision"]
    kind = "" if said["livemode"] is True else "TEST DATA, no real person or use; "
    return (
        f"{kind}clip {said['clip']} of {said['organisation']}, issued {said['issued_at']} under grant {grant['id']} "
        f"({grant['use_case']}; languages {_listed(grant, 'languages')}; channels {_listed(grant, 'channels')}; "
        f"territories {_listed(grant, 'territories')}) of consent {said['consent']['id']}, in {decision['language']}"
    )


def _listed(grant: dict[str, Any], name: str) -> str:
    return " ".join(map(str, grant[name]))


def read_small(path: Path | None, most: int, what: str) -> bytes:
    """Read a file that has no business being large. Raises Unreadable."""
    if path is None:
        raise Unreadable(f"{what} is missing")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Unreadable(f"{what} is larger than {most} bytes")
    return data
