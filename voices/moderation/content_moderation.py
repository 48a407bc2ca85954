"""The judgement of a text's content, before the gate decides about it.

The text leaves for the endpoint and nothing else does. It is in no log and no row: what is kept are
the labels, in the decision.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from core import connection_places
from core.errors import SaysoError
from upstream import upstream_client
from upstream.account_limits import ACCOUNT_LIMITS
from upstream.upstream_errors import ProviderUnavailable
from upstream.upstream_request import JsonBody, TimeLimits, UpstreamRequest
from voices.models import ModerationEndpoint
from voices.moderation import moderation_endpoints
from voices.moderation.moderation_labels import choose_labels
from voices.providers.answer_reading import find_rows, parse_answer
from voices.providers.base import Owned

logger = logging.getLogger(__name__)

TIMES: Final = TimeLimits(connect=2, first_byte=6, between=3, total=8)
MOST_BYTES: Final = 256 * 2**10
WAIT_SECONDS: Final = 4.0
"""For a place among the calls to this endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFinding:
    """The content labels of a text. `is_unjudged`: an endpoint is set, and gave no answer."""

    labels: tuple[str, ...] = ()
    is_unjudged: bool = False


NOTHING: Final = ContentFinding()


def judge_content(text: str, owner: Owned) -> ContentFinding:
    """Have the organisation's endpoint judge a text, or return `NOTHING` without one.

    It is asked once. An endpoint that fails leaves the text unjudged, and the gate decides what
    that means. No database connection is held meanwhile: call it outside of any transaction.
    """
    endpoint = moderation_endpoints.find_endpoint(owner)
    if endpoint is None:
        return NOTHING

    facts = {"endpoint": endpoint.id}
    logger.info("moderation asked", extra=facts)
    try:
        flagged = _ask_endpoint(endpoint, text)
    except SaysoError as error:
        logger.warning("moderation failed", extra={**facts, "code": error.stable_code})
        return ContentFinding(is_unjudged=True)

    found = choose_labels(flagged, endpoint.labels)
    logger.info("moderation answered", extra={**facts, "labels": len(found)})
    return ContentFinding(labels=found)


def _ask_endpoint(endpoint: ModerationEndpoint, text: str) -> tuple[str, ...]:
    """Return the categories that the endpoint flags in a text.

    Raises ProviderUnavailable, ProviderRefused, ProviderAccountRefused, ProviderAddressRefused,
    ServerBusy.
    """
    key = moderation_endpoints.open_key(endpoint)
    request = UpstreamRequest(
        method="POST",
        base_url=endpoint.base_url,
        is_self_hosted=endpoint.is_self_hosted,
        path=("v1", "moderations"),
        headers={"Authorization": f"Bearer {key}"} if key else {},
        body=JsonBody({"input": text, **({"model": endpoint.model} if endpoint.model else {})}),
        times=TIMES,
    )
    connection_places.give_back_connection()
    with ACCOUNT_LIMITS.hold_account(endpoint.id, wait_seconds=WAIT_SECONDS):
        answer = upstream_client.call(request, most_bytes=MOST_BYTES)
        return _read_categories(parse_answer(answer.body))


def _read_categories(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is flagged in an answer of OpenAI's shape. Raises ProviderUnavailable."""
    results = find_rows(answer, "results")
    if not results:
        raise _not_understood()

    flagged: set[str] = set()
    for result in results:
        categories = result.get("categories") if isinstance(result, dict) else None
        if not isinstance(categories, dict):
            raise _not_understood()
        for category, is_flagged in categories.items():
            # OpenAI writes null for a category that a model does not judge.
            if is_flagged is not None and not isinstance(is_flagged, bool):
                raise _not_understood()
            if is_flagged:
                flagged.add(category)

    return tuple(sorted(flagged))


def _not_understood() -> ProviderUnavailable:
    return ProviderUnavailable("The moderation endpoint's answer is not as documented.")
