"""Keys from outside, which --key brings. Nothing is believed without them."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any

from provenance.verifier.check_report import Refusal, UnreadableBundle
from provenance.verifier.parsing import decode_base64, parse_time, read_json

# By purpose and key id: the raw public key.
Pinned = dict[str, dict[str, bytes]]
# By key id: the half-open period in which the key signs.
Periods = dict[str, tuple[datetime, "datetime | None"]]


def read_pinned(data: bytes) -> Pinned:
    """Return the keys of --key.

    It is a keys.json, or lines of verifier keys `name+hash+base64` as `/log/{org}/key` gives them.
    """
    return {
        purpose: {row["key_id"]: decode_base64(row["public_key"]) for row in rows}
        for purpose, rows in _read_key_rows(data)
    }


def read_periods(data: bytes) -> Periods:
    """Return for each key id the half-open period in which the key signs.

    Lines of verifier keys have none.
    """
    rows = [row for _, found in _read_key_rows(data) for row in found if "valid_from" in row]
    try:
        return {
            row["key_id"]: (
                parse_time(row["valid_from"]),
                parse_time(row["valid_until"]) if row["valid_until"] else None,
            )
            for row in rows
        }
    except (Refusal, ValueError, KeyError, TypeError) as error:
        raise UnreadableBundle(f"a period in the file of --key cannot be read: {error}") from error


def _read_key_rows(data: bytes) -> list[tuple[str, list[dict[str, Any]]]]:
    try:
        text = data.decode("utf-8").strip()
        if not text.startswith("{"):
            return [("log", [_parse_verifier_key(line) for line in text.split("\n")])]

        found = list(read_json(data).items())
        for _, rows in found:
            for row in rows:
                decode_base64(row["public_key"])
                hash(row["key_id"])
    except (Refusal, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableBundle(f"the file of --key holds no keys: {error}") from error

    if not any(rows for _, rows in found):
        raise UnreadableBundle("the file of --key holds no keys")

    return found


def _parse_verifier_key(line: str) -> dict[str, Any]:
    name, mark, encoded = line.strip().split("+", 2)
    blob = decode_base64(encoded)

    if (
        hashlib.sha256(name.encode("utf-8") + b"\n" + blob).hexdigest()[:8] != mark
        or blob[:1] != b"\x01"
    ):
        raise Refusal("the id of a verifier key does not fit it")

    return {"key_id": line.strip(), "public_key": base64.b64encode(blob[1:]).decode("ascii")}
