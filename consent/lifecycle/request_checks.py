"""Checks of a request before it is made: its term, its grants, its level, a second request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from consent.errors import AssuranceUnavailable
from consent.lifecycle import link_deliveries
from consent.models import Consent
from consent.policy import grant_scope, providers, scope_parsing
from consent.policy.types import unknown_provider
from core import durations
from core.errors import Fault, Invalid

LONGEST_YEARS: Final = 10


def check_term(
    valid_from: datetime | None, valid_until: datetime | None, duration: str | None, *, at: datetime
) -> None:
    """Check when a consent shall begin and end.

    Raises Invalid with the first fault.
    """
    if (valid_until is None) == (duration is None):
        raise _make_invalid(
            "duration",
            "term_ambiguous",
            "Give either `valid_until` or `duration`, never both, never neither.",
        )

    start = max(valid_from or at, at)
    attr = "valid_until" if duration is None else "duration"

    try:
        end = valid_until if duration is None else durations.parse_duration(duration).after(start)
    except durations.BadDuration as error:
        raise _make_invalid(attr, error.stable_code, error.detail) from error

    if end is None or end <= start:
        raise _make_invalid(
            attr, "term_empty", "The term must end after it begins, and in the future."
        )

    if end > compute_latest_end(start):
        raise _make_invalid(
            attr, "term_too_long", f"A consent may last {LONGEST_YEARS} years at most."
        )

    if valid_from is not None and valid_from > compute_latest_end(at):
        raise _make_invalid("valid_from", "out_of_range", "The term begins too far in the future.")


def read_grants(
    grants: Sequence[Mapping[str, Any]],
) -> tuple[list[grant_scope.Scope], tuple[Fault, ...]]:
    """Return the grants that are asked for, and warnings about their wording.

    Raises Invalid with all faults.
    """
    if not 1 <= len(grants) <= scope_parsing.MOST_GRANTS:
        raise _make_invalid(
            "grants", "out_of_range", f"Ask for 1 to {scope_parsing.MOST_GRANTS} grants."
        )

    read: list[grant_scope.Scope] = []
    warnings: list[Fault] = []
    faults: list[Fault] = []

    for place, raw in enumerate(grants):
        try:
            scope, doubts = scope_parsing.parse_scope(raw, prefix=f"grants.{place}.")
        except Invalid as error:
            faults.extend(error.faults)
            continue

        read.append(scope)
        warnings.extend(doubts)

    if faults:
        raise Invalid("Some fields are wrong.", faults=faults)

    return read, tuple(warnings)


def read_providers(given: Sequence[str]) -> list[str]:
    """Return the canonical codes of the providers that are asked for.

    Raises Invalid with all faults.
    """
    read: list[str] = []
    faults: list[Fault] = []

    for place, text in enumerate(given):
        attr = f"providers.{place}"
        try:
            code = providers.parse_provider(text)
        except providers.UnknownProvider:
            faults.append(unknown_provider(text, attr=attr))
            continue

        if code in read:
            faults.append(Fault(code="duplicate", detail="This stands twice.", attr=attr))
        read.append(code)

    if not given:
        faults.append(Fault(code="empty", detail="Name at least one.", attr="providers"))
    if faults:
        raise Invalid("Some fields are wrong.", faults=faults)

    return providers.sort_providers(read)


def compute_latest_end(start: datetime) -> datetime:
    """Return the latest end of a consent that begins at `start`: after ten years."""
    return durations.Duration(months=LONGEST_YEARS * 12).after(start)


def _make_invalid(attr: str, code: str, detail: str) -> Invalid:
    return Invalid("Some fields are wrong.", faults=(Fault(code=code, detail=detail, attr=attr),))


def choose_level(asked: str, channel: link_deliveries.Channel) -> str:
    """Return the level of a request.

    A link that is handed to the organisation proves no mailbox, so its level is L0.

    Raises AssuranceUnavailable if more is asked for with such a link.
    """
    if channel is not link_deliveries.Channel.CONTROLLER:
        return asked

    if asked != "L1":
        raise AssuranceUnavailable(
            "A link that is handed to the organisation gives a consent of level L0.",
            faults=(
                Fault(
                    code="assurance_unavailable", detail="Leave the level out.", attr="assurance"
                ),
            ),
        )

    return "L0"


def warn_of_differences(
    open_one: Consent, *, valid_until: datetime | None, duration: str | None, delivery: str | None
) -> tuple[Fault, ...]:
    """Return a warning for each value that differs from the open request.

    A request does not change.
    """
    sent = link_deliveries.get_latest_delivery(open_one)
    channel = sent.channel if sent is not None else None

    if delivery is not None:
        delivery = link_deliveries.choose_channel(delivery, livemode=open_one.livemode)

    wanted = {
        "valid_until": (valid_until, open_one.asked_until),
        "duration": (duration, open_one.duration),
        "delivery.channel": (delivery, channel),
    }

    detail = "The request that is open stands as it was made. Call it back first to ask otherwise."
    return tuple(
        Fault(code="renewal_open", detail=detail, attr=attr)
        for attr, (asked, stored) in wanted.items()
        if asked is not None and asked != stored
    )
