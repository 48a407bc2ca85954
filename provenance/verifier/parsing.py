"""Strict readers of JSON, canonical JSON (RFC 8785), base64 and JWS: one spelling of each value."""

from __future__ import annotations

import base64
import codecs
import json
import re
from datetime import datetime
from typing import Any

from provenance.verifier.check_report import Refusal
from provenance.verifier.ed25519 import is_ed25519_valid

SAFE_INTEGER = 2**53 - 1


def read_json(data: bytes) -> Any:
    """Return the value of strict JSON.

    UTF-8, no key twice, no NaN, no float, no integer beyond 2^53 - 1. The service writes none of
    them.
    """
    return _STRICT.decode(data.decode("utf-8"))


def strip_byte_order_mark(data: bytes) -> bytes:
    """Return a text in UTF-8 without the mark that some editors put in front of it."""
    return data[len(codecs.BOM_UTF8) :] if data.startswith(codecs.BOM_UTF8) else data


def refuse_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object, if no key is in it twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal("a key stands twice in one JSON object")

    return found


def refuse_number(text: str) -> None:
    """Refuse a number that the service never writes."""
    raise Refusal(f"the JSON number {text[:40]} has no place here")


def _parse_integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > SAFE_INTEGER:
        raise Refusal(f"the integer {text[:40]} is beyond 2^53 - 1")

    return int(text)


# Made once: `json.loads` and `json.dumps` with options make a reader and a writer at each call,
# which takes as long as to read or write an entry of the log.
_STRICT = json.JSONDecoder(
    object_pairs_hook=refuse_duplicate_keys,
    parse_constant=refuse_number,
    parse_float=refuse_number,
    parse_int=_parse_integer,
)
SORTED_JSON = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def to_canonical(value: Any) -> bytes:
    """Return the JCS bytes of a value that `read_json` returned.

    No spaces, shortest escapes, keys sorted by UTF-16 code units.
    """
    text = SORTED_JSON.encode(value)
    # Python sorts by code points, which is the same order unless a key has characters beyond
    # U+D7FF.
    return (text if text.isascii() else _format_canonical(value)).encode("utf-8")


def _format_canonical(value: Any) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return (
            "{"
            + ",".join(_format_canonical(key) + ":" + _format_canonical(value[key]) for key in keys)
            + "}"
        )

    if isinstance(value, list):
        return "[" + ",".join(map(_format_canonical, value)) + "]"

    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def decode_base64(text: Any) -> bytes:
    """Return the bytes of standard base64 in its one canonical spelling."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode("ascii") != text:
        raise Refusal("base64 that is not canonical")

    return data


def decode_base64url(text: str) -> bytes:
    """Return the bytes of base64url without padding in its one canonical spelling."""
    data = base64.b64decode(
        text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True
    )
    if base64.urlsafe_b64encode(data).decode("ascii").rstrip("=") != text:
        raise Refusal("base64url that is not canonical")

    return data


def verify_jws(jws: str, keys: dict[str, bytes]) -> tuple[str, bytes]:
    """Verify a compact JWS with the key that its header names. Return key id and payload."""
    parts = jws.split(".")
    if len(parts) != 3:
        raise Refusal("not a compact JWS")

    header = read_json(decode_base64url(parts[0]))
    if header.get("alg") not in ("EdDSA", "Ed25519") or "crit" in header:
        raise Refusal("a JWS that is not plain Ed25519")

    kid = header.get("kid")
    if kid not in keys:
        raise Refusal(f"signed with the key {kid!r}, which is not among the known ones")

    if not is_ed25519_valid(
        keys[kid], ".".join(parts[:2]).encode("ascii"), decode_base64url(parts[2])
    ):
        raise Refusal("the signature is false")

    return kid, decode_base64url(parts[1])


def check_whole_number(value: Any) -> int:
    """Return the value, if it is an integer that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refusal(f"{value!r} is not a whole number")

    return value


def parse_time(text: str) -> datetime:
    """Return the time of an RFC 3339 text in UTC."""
    # Newer versions of Python read more than RFC 3339, and older ones do not.
    if not re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}(\.\d{3}|\.\d{6})?Z", text, re.ASCII):
        raise Refusal(f"{text!r} is not a time in UTC")

    return datetime.fromisoformat(text[:-1] + "+00:00")
