"""Recordings that a call names by their address: fetched here, from public hosts alone.

The addresses are a stranger's words. So they are judged as providers' are, no redirect is followed,
no credential goes along, and there is a limit for each file and for all of a call.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings

from core import transactions
from core.errors import Fault, Invalid, SaysoError
from core.places import PlacePool
from upstream import upstream_client
from upstream.upstream_request import (
    TimeLimits,
    UpstreamRequest,
    make_file_request,
)

logger = logging.getLogger(__name__)

FETCHES: Final = PlacePool(lambda: settings.SAYSO_MAX_EXAMINATIONS)
"""Calls whose recordings are fetched at a time."""
TIMES: Final = TimeLimits(connect=5, first_byte=10, between=10, total=30)
LONGEST_SECONDS: Final = 60.0
"""For all files of a call."""
MOST_FILES_AT_LIMIT: Final = 10
"""All files of a call may be as large as so many of the largest."""
_WAIT_SECONDS: Final = 10.0


class SampleUnreachable(Invalid):
    """A recording cannot be fetched from the address that the call names."""

    code = "sample_unreachable"


def fetch_url_samples(
    urls: Mapping[str, str],
    *,
    organisation_id: str,
    inline_bytes: int,
    tick: Callable[[], float] = time.monotonic,
) -> dict[str, bytes]:
    """Return the files at `urls`, by the names of the fields that name them.

    `inline_bytes` is how much came with the call itself. `tick` returns seconds.

    Raises SampleUnreachable, Invalid for an address that may not be one, ServerBusy.
    """
    requests = {attr: _judge_url(attr, url) for attr, url in urls.items()}
    if not requests:
        return {}

    left = settings.SAYSO_MAX_UPLOAD_BYTES * MOST_FILES_AT_LIMIT - inline_bytes
    ends = tick() + LONGEST_SECONDS
    found: dict[str, bytes] = {}
    logger.info("samples are fetched", extra={"files": len(requests)})
    transactions.release_connections()
    with FETCHES.hold_place(organisation_id, has_key=True, wait_seconds=_WAIT_SECONDS):
        for attr, request in requests.items():
            most = min(settings.SAYSO_MAX_UPLOAD_BYTES, left)
            if most <= 0 or tick() >= ends:
                raise _refuse(attr, "The recordings of this call are too many, or come too slowly.")
            try:
                answer = upstream_client.call(request, most_bytes=most)
            except SaysoError as error:
                logger.info("sample not fetched", extra={"code": error.stable_code})
                raise _refuse(
                    attr, "No recording of a size that is taken came from there."
                ) from None
            found[attr] = answer.body
            left -= len(answer.body)
    logger.info("samples were fetched", extra={"bytes": sum(map(len, found.values()))})
    return found


def _judge_url(attr: str, url: str) -> UpstreamRequest:
    try:
        return make_file_request(url, times=TIMES)
    except Invalid as invalid:
        fault = invalid.faults[0]
        told = Fault(code=fault.code, detail=fault.detail, attr=attr)
        raise Invalid("The address cannot be that of a recording.", faults=(told,)) from None


def _refuse(attr: str, detail: str) -> SampleUnreachable:
    fault = Fault(code=SampleUnreachable.code, detail=detail, attr=attr)
    return SampleUnreachable(detail, faults=(fault,))
