"""Parser of JSON bodies: strict, and no bigger than the limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser

from core import canonical_json
from core.errors import Malformed, TooLarge


class StrictJSONParser(BaseParser):
    """Reads a JSON object: UTF-8, no duplicate keys, no NaN, no bigger than the limit.

    Raises Malformed or TooLarge.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - the signature is the framework's
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object."""
        limit = (
            getattr((parser_context or {}).get("view"), "body_limit", None)
            or settings.SAYSO_MAX_JSON_BYTES
        )
        data = stream.read(limit + 1)
        if len(data) > limit:
            raise TooLarge(f"The body is over {limit} bytes.")
        value = canonical_json.load(data)
        if not isinstance(value, dict):
            raise Malformed("The body must be a JSON object.")
        return value
