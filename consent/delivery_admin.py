"""The delivery of a link as the admin shows it. The address is masked, the link never appears."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from consent.lifecycle import link_deliveries
from consent.models import Consent

_WHY_NOT: Final[Mapping[str, str]] = {
    "channel_away": "the server could not be reached",
    "letter_refused": "the server refused it",
    "address_changed": "the person's address was changed before it left",
    "request_over": "the request was over before it left",
}


def build_delivery_context(consent: Consent) -> dict[str, Any]:
    """Return the newest delivery of a consent: how, where to, when, and what went wrong."""
    last = link_deliveries.get_latest_delivery(consent)

    return {
        "delivery": link_deliveries.render_delivery(consent),
        "settled_at": last.settled_at if last else None,
        "why_not": _WHY_NOT.get(last.code, last.code) if last else "",
    }
