"""Canonical JSON (RFC 8785, JCS) and its SHA-256, the form of all that is hashed or signed."""

from __future__ import annotations

import codecs
import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

import rfc8785

from core.errors import Malformed

_MOST: Final = 2**53 - 1
"""RFC 7493: the largest integer that every reader of JSON numbers keeps exactly."""
_LONGEST_NUMBER: Final = 4_000  # digits: below the bound at which the interpreter itself refuses
DEEPEST: Final = 64
"""The deepest nesting of containers.

It is more than any form has, and less than where recursive readers fail.
"""

_SORTED: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


def dump(value: Json) -> bytes:
    """Return the JCS bytes of `value`, with every string in NFC.

    NFC and NFD spell one name two ways.

    Raises ValueError for floats, non-string keys and integers beyond 2**53 - 1, which not every
    reader reads in the same way.
    """
    text = _SORTED.encode(value if _is_plain(value) else _normalise_value(value))
    if text.isascii():
        # Without floats and keys beyond ASCII, the standard library's sorted form is JCS, and six
        # times as fast.
        return text.encode("ascii")

    try:
        return rfc8785.dumps(_normalise_value(value))
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of the bytes, in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def load(data: bytes) -> Json:
    """Read JSON strictly, after RFC 7493.

    It must be UTF-8, without duplicate keys, NaN, Infinity or half of a surrogate pair, and not
    nested more than DEEPEST deep.

    Raises Malformed.
    """
    if data.startswith(codecs.BOM_UTF8):
        raise Malformed("The body begins with a byte-order mark. Send UTF-8 without one.")

    try:
        parsed: Json = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_parse_finite,
            parse_int=_parse_whole,
        )

        # Only an escape can spell half of a pair.
        if b"\\u" in data:
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.") from error
    except UnicodeEncodeError as error:
        raise Malformed("A text in the body holds half of a surrogate pair.") from error
    except RecursionError as error:
        raise Malformed("The JSON is nested too deeply.") from error
    except json.JSONDecodeError as error:
        # The place helps the caller. The library's sentence is advice to a Python programmer.
        raise Malformed(
            f"The body is not JSON: see line {error.lineno}, column {error.colno}."
        ) from error

    _must_be_shallow(parsed)
    return parsed


def _must_be_shallow(value: Json) -> None:
    layer: list[Json] = [value]
    for _ in range(DEEPEST):
        layer = [
            inner
            for outer in layer
            for inner in _list_children(outer)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return

    raise Malformed("The JSON is nested too deeply.")


def _list_children(value: Json) -> Sequence[Json]:
    if isinstance(value, dict):
        return tuple(value.values())
    return value if isinstance(value, list) else ()


def _is_plain(value: Json) -> bool:
    """Check whether `_normalise_value` would change nothing: ASCII is in NFC."""
    # Most records are plain, and this takes half of its time.
    if type(value) is str:
        return value.isascii()
    if type(value) is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                return False
            # Most members are texts, and a call for each would take longer than to look at it.
            if not (item.isascii() if type(item) is str else _is_plain(item)):
                return False
        return True
    if type(value) is int:
        return -_MOST <= value <= _MOST
    if type(value) is list:
        return all(map(_is_plain, value))
    return value is None or type(value) is bool


def _normalise_value(value: Json) -> Json:
    """Return `value` with every string in NFC.

    Raises ValueError for what a record cannot hold.
    """
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case float():
            raise ValueError(
                "a float has no place in a record; use milliseconds, basis points or a string"
            )
        case int() if not isinstance(value, bool) and abs(value) > _MOST:
            raise ValueError("a whole number beyond 2**53 - 1 does not read alike everywhere")
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise ValueError("the keys of an object are strings")
            return {
                unicodedata.normalize("NFC", key): _normalise_value(item)
                for key, item in value.items()
            }
        case list() | tuple():
            return [_normalise_value(item) for item in value]
        case _:
            return value


def _unique_keys(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in pairs:
        if key in found:
            raise Malformed(
                f"The body is not JSON as we read it: the key {key[:60]!r} stands twice."
            )
        found[key] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"The body is not JSON: {name} is not a JSON number.")


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("The body is not JSON as we read it: a number is too large.")
    return number


def _parse_whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise Malformed("The body is not JSON as we read it: a number is too long.")
    return int(text)
