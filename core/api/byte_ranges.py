"""Parts of a body by `Range`, and what has not changed by `If-None-Match` (RFC 9110, 13 and 14)."""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest, HttpResponse

from core.errors import RangeBehindEnd

_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


def answer_bytes(request: HttpRequest, data: bytes, *, etag: str, media_type: str) -> HttpResponse:
    """Return the answer with `data` (200), the part of it that is asked for (206), or neither.

    304 is for a copy that the client has already. Several ranges, and what is no
    range of bytes, are answered with all of it, as section 14.2 allows. So is a HEAD, which has no
    parts.

    Raises RangeBehindEnd.
    """
    headers = request.headers
    common = {"Accept-Ranges": "bytes", "ETag": etag}
    if _names_etag(headers.get("If-None-Match", ""), etag):
        return HttpResponse(status=304, headers=common)

    size = len(data)
    part = _parse_range(headers.get("Range", ""), size) if request.method == "GET" else None
    if part is None or headers.get("If-Range", etag) != etag:
        return HttpResponse(data, content_type=media_type, headers=common)

    start, end = part
    if start >= size:
        raise RangeBehindEnd(f"The whole has {size} bytes.", facts={"size": size})

    return HttpResponse(
        data[start:end],
        status=206,
        content_type=media_type,
        headers={**common, "Content-Range": f"bytes {start}-{end - 1}/{size}"},
    )


def _names_etag(condition: str, etag: str) -> bool:
    """Return whether the condition names this tag. The weak comparison counts (section 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in condition.split(",")}
    return etag in tags or "*" in tags


def _parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return where one range begins and ends, or None for what is no single range."""
    found = _RANGE.match(header.strip())
    if found is None or found.group(0) == "bytes=-":
        return None

    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        return (size - length, size) if length else (size, size)

    start = int(first)
    end = min(int(last) + 1, size) if last else size
    return (start, end) if not last or int(last) >= start else None
