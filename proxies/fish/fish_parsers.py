"""Bodies as Fish Audio's SDKs send them: MessagePack, and forms without files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Final

import msgpack
from django.conf import settings
from django.http import QueryDict
from rest_framework.parsers import BaseParser

from core.errors import Malformed, TooLarge

MOST_ENTRIES: Final = 1_000
"""Of one list or one map of a body."""


class MessagePackParser(BaseParser):
    """Reads a map of MessagePack: no name twice, no types of its own, no bigger than the limit.

    Raises Malformed or TooLarge.
    """

    media_type = "application/msgpack"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - the signature is the framework's
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the map."""
        data = _read_bounded(stream, parser_context)
        try:
            value = msgpack.unpackb(
                data,
                raw=False,
                object_pairs_hook=_take_pairs,
                ext_hook=_refuse_type,
                max_array_len=MOST_ENTRIES,
                max_map_len=MOST_ENTRIES,
            )
        # The library raises several kinds, all of which are a `ValueError` but the ones named.
        except (ValueError, TypeError, msgpack.UnpackException, OverflowError) as error:
            raise Malformed("The body is not MessagePack that can be read.") from error
        if not isinstance(value, dict):
            raise Malformed("The body must be a map.")

        return value


class UrlencodedParser(BaseParser):
    """Reads a form without files, no bigger than the limit of JSON.

    Raises Malformed or TooLarge.
    """

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - the signature is the framework's
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> QueryDict:
        """Return the fields."""
        try:
            return QueryDict(_read_bounded(stream, None).decode("ascii"), encoding="utf-8")
        except UnicodeDecodeError as error:
            raise Malformed("The form cannot be read.") from error


def _read_bounded(stream: IO[Any], parser_context: Mapping[str, Any] | None) -> bytes:
    view = (parser_context or {}).get("view")
    limit: int = getattr(view, "body_limit", None) or settings.SAYSO_MAX_JSON_BYTES
    data: bytes = stream.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"The body is over {limit} bytes.")

    return data


def _take_pairs(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs) or not all(isinstance(name, str) for name in found):
        raise ValueError("a name stands twice, or is no text")

    return found


def _refuse_type(code: int, _data: bytes) -> Any:
    raise ValueError(f"the type {code} is not taken")
