"""Reading of providers' JSON answers. What is not as documented is an error, never a guess."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any, Final

from upstream.upstream_errors import ProviderUnavailable

LONGEST_LINE: Final = 8 * 2**20


def parse_answer(data: bytes) -> Mapping[str, Any]:
    """Return the JSON object that `data` holds. Raises ProviderUnavailable."""
    value = parse_any_answer(data)
    if not isinstance(value, dict):
        raise _not_understood()

    return value


def parse_any_answer(data: bytes) -> Any:
    """Return the JSON value that `data` holds. Raises ProviderUnavailable."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise _not_understood() from None


def find_rows(value: Any, *path: str) -> list[Any]:
    """Return the list at the end of `path`, or `value` itself without one.

    Raises ProviderUnavailable where there is no list.
    """
    found = require_member(value, *path)
    if not isinstance(found, list):
        raise _not_understood()

    return found


def require_member(value: Mapping[str, Any], *path: str) -> Any:
    """Return the member at the end of `path`. Raises ProviderUnavailable where there is none."""
    found: Any = value
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            raise _not_understood()
        found = found[name]

    return found


def require_text(value: Mapping[str, Any], *path: str) -> str:
    """Return a text that is not empty. Raises ProviderUnavailable."""
    found = require_member(value, *path)
    if not isinstance(found, str) or not found:
        raise _not_understood()

    return found


def require_base64(value: Mapping[str, Any], *path: str) -> bytes:
    """Return the bytes of a text in base64. Raises ProviderUnavailable."""
    try:
        return base64.b64decode(require_text(value, *path), validate=True)
    except (binascii.Error, ValueError):
        raise _not_understood() from None


def require_objects(value: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """Return a list of objects. Raises ProviderUnavailable."""
    found = require_member(value, *path)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _not_understood()

    return found


async def split_lines(parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the lines of an answer that comes in `parts`, without empty ones.

    Raises ProviderUnavailable for a line of more than 8 MiB.
    """
    rest = b""
    async for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            if line.strip():
                yield line.strip()
        if len(rest) > LONGEST_LINE:
            raise _not_understood()

    if rest.strip():
        yield rest.strip()


def _not_understood() -> ProviderUnavailable:
    return ProviderUnavailable("The provider's answer is not as its documents say.")
