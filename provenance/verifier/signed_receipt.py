"""The signatures and the form of a clip's receipt."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from provenance.verifier.check_report import Refusal, Skipped, UnreadableBundle
from provenance.verifier.ed25519 import is_ed25519_valid
from provenance.verifier.mldsa import is_mldsa44_valid
from provenance.verifier.parsing import (
    decode_base64url,
    parse_time,
    read_json,
    strip_byte_order_mark,
    to_canonical,
)
from provenance.verifier.pinned_keys import Pinned

RECEIPT_FORMAT = "sayso-receipt/1"
RECEIPT_TYPE = "sayso-receipt+jws"
PURPOSE_OF = {"Ed25519": "receipts", "ML-DSA-44": "receipts-mldsa44"}


class SignedReceipt(NamedTuple):
    """A receipt as received: the payload in base64url, header and signature of each signer."""

    payload: str
    signatures: list[tuple[str, str]]


def read_signed_receipt(data: bytes) -> SignedReceipt:
    """Return the parts of a JWS in compact or general JSON form. Nothing of it is believed yet.

    Raises UnreadableBundle.
    """
    try:
        text = data.decode("ascii").strip()
        if not text.startswith("{"):
            protected, payload, signature = text.split(".")
            return SignedReceipt(payload, [(protected, signature)])

        whole = read_json(data)
        rows = [(row["protected"], row["signature"]) for row in whole["signatures"]]
        if set(whole) != {"payload", "signatures"} or not all(
            isinstance(one, str) for row in rows for one in row
        ):
            raise UnreadableBundle("this is not a receipt: a JWS of another form")

        return SignedReceipt(str(whole["payload"]), rows)
    except (Refusal, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableBundle(f"this is not a receipt: {type(error).__name__}") from error


def check_signature(signed: SignedReceipt, pinned: Pinned) -> str:
    """Check that a trusted key signed exactly these bytes with Ed25519."""
    kid, good = _verify_algorithm(signed, "Ed25519", pinned)
    if not good:
        raise Refusal("the signature is false")

    return f"signed by {kid}"


def check_second_signature(signed: SignedReceipt, pinned: Pinned) -> str:
    """Check the signature of a trusted key with ML-DSA-44, if the receipt has one."""
    heads = [_read_jws_head(protected)["alg"] for protected, _ in signed.signatures]
    if sorted(heads) not in (["Ed25519"], ["Ed25519", "ML-DSA-44"]):
        raise Refusal(f"signatures of {', '.join(map(str, heads))}, which no receipt has")

    if "ML-DSA-44" not in heads:
        raise Skipped("this form of the receipt has no signature of ML-DSA-44")
    if not pinned.get(PURPOSE_OF["ML-DSA-44"]):
        raise Skipped("no key of ML-DSA-44 was given with --key")

    kid, good = _verify_algorithm(signed, "ML-DSA-44", pinned)
    if not good:
        raise Refusal("the signature of ML-DSA-44 is false")

    return f"signed by {kid}"


def _verify_algorithm(signed: SignedReceipt, algorithm: str, pinned: Pinned) -> tuple[str, bool]:
    for protected, signature in signed.signatures:
        head = _read_jws_head(protected)
        if head["alg"] == algorithm:
            known = pinned.get(PURPOSE_OF[algorithm], {})
            if not known:
                raise Refusal(
                    "the file of --key has no key for receipts: take the log's keys.json, not /key"
                )

            if head["kid"] not in known:
                raise Refusal(
                    f"signed with the key {head['kid']!r}, which is not among the trusted ones"
                )

            valid = is_ed25519_valid if algorithm == "Ed25519" else is_mldsa44_valid
            data = f"{protected}.{signed.payload}".encode("ascii")
            return head["kid"], valid(known[head["kid"]], data, decode_base64url(signature))

    raise Refusal(f"there is no signature of {algorithm}")


def _read_jws_head(protected: str) -> dict[str, Any]:
    head: dict[str, Any] = read_json(decode_base64url(protected))
    if sorted(head) != ["alg", "kid", "typ"] or head["typ"] != RECEIPT_TYPE:
        raise Refusal("the header is not that of a receipt")

    return head


def check_receipt_form(
    signed: SignedReceipt,
    periods: dict[str, tuple[datetime, datetime | None]],
    facts: dict[str, Any],
) -> str:
    """Check that the payload is a canonical receipt, signed while its keys were valid.

    Puts the content into `facts`.
    """
    data = decode_base64url(signed.payload)
    said = read_json(data)
    if (
        to_canonical(said) != data
        or said["format"] != RECEIPT_FORMAT
        or said["script"]["alg"] != "hmac-sha256/1"
    ):
        raise Refusal(f"not the canonical JSON of {RECEIPT_FORMAT}")

    made = parse_time(said["signed_at"])
    for protected, _ in signed.signatures:
        kid = _read_jws_head(protected)["kid"]
        start, end = periods.get(kid, (made, None))
        if made < start or (end is not None and made >= end):
            raise Refusal(f"the key {kid} was not valid at {said['signed_at']}")

    facts.update(said)
    grant = said["grant"]
    decision = said["decision"]
    kind = "" if said["livemode"] is True else "TEST DATA, no real person or use; "

    return (
        f"{kind}clip {said['clip']} of {said['organisation']}, issued {said['issued_at']} under "
        f"grant {grant['id']} "
        f"({grant['use_case']}; languages {_join_list(grant, 'languages')}; channels "
        f"{_join_list(grant, 'channels')}; "
        f"territories {_join_list(grant, 'territories')}) of consent {said['consent']['id']}, in "
        f"{decision['language']}"
    )


def _join_list(grant: dict[str, Any], name: str) -> str:
    return " ".join(map(str, grant[name]))


def read_paper(path: Path | None, limit: int, description: str) -> bytes:
    """Return a file of at most `limit` bytes, as it was before an editor marked it as Unicode.

    Raises UnreadableBundle.
    """
    return strip_byte_order_mark(read_small_file(path, limit, description))


def read_small_file(path: Path | None, limit: int, description: str) -> bytes:
    """Return a file of at most `limit` bytes.

    Raises UnreadableBundle.
    """
    if path is None:
        raise UnreadableBundle(f"{description} is missing")

    with path.open("rb") as file:
        data = file.read(limit + 1)

    if len(data) > limit:
        raise UnreadableBundle(f"{description} is larger than {limit} bytes")

    return data
