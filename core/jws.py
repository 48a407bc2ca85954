"""JSON Web Signature (RFC 7515): the one place where we write and read the compact form.

Headers are canonical JSON, so the same payload, key and type always give the same bytes. The
stand-alone verifier has its own reader, because it imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core import canonical_json
from core.base64url import decode_base64url, encode_base64url
from core.canonical_json import Json
from core.errors import Malformed

ED25519: Final = "Ed25519"
"""The fully specified algorithm name of RFC 9864, in place of `EdDSA`."""

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactJws:
    """A JWS in its parts.

    `signed` is the signing input: the exact bytes that the signature is over.
    """

    header: Mapping[str, Json]
    payload: bytes
    signature: bytes
    signed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JwsSignature:
    """One signature of a JWS, both members in base64url as the general form shows them."""

    protected: str
    signature: str


def sign_compact(payload: bytes, *, key_id: str, typ: str, sign: Sign) -> str:
    """Return the compact JWS with its payload, signed with Ed25519.

    Raises what `sign` raises.
    """
    encoded = encode_base64url(payload)
    made = sign_encoded(encoded, algorithm=ED25519, key_id=key_id, typ=typ, sign=sign)
    return f"{made.protected}.{encoded}.{made.signature}"


def sign_encoded(
    payload: str, *, algorithm: str, key_id: str, typ: str, sign: Sign
) -> JwsSignature:
    """Return one signature over a payload that already is in base64url (RFC 7515 section 7.2.1).

    Raises what `sign` raises.
    """
    header = canonical_json.dump({"alg": algorithm, "kid": key_id, "typ": typ})
    protected = encode_base64url(header)
    signature = sign(f"{protected}.{payload}".encode("ascii"))
    return JwsSignature(protected=protected, signature=encode_base64url(signature))


def parse_compact(text: str) -> CompactJws:
    """Split the compact JWS `text` into its parts, without checking the signature.

    Raises ValueError for anything but three parts in canonical base64url with a JSON object as
    header.
    """
    parts = text.split(".")
    if len(parts) != 3:
        raise ValueError("not a compact JWS")

    head, payload, signature = (decode_base64url(part) for part in parts)
    try:
        header = canonical_json.load(head)
    except Malformed as error:
        raise ValueError("a JWS whose header is not JSON") from error
    if not isinstance(header, Mapping):
        raise ValueError("a JWS whose header is not an object")  # noqa: TRY004 - it was parsed

    signed = text.rpartition(".")[0].encode("ascii")
    return CompactJws(header=header, payload=payload, signature=signature, signed=signed)
