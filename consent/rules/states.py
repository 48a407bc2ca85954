"""The life of a consent: its states, and the one table of moves between them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """Where a consent stands. Names follow ISO/IEC TS 27560 where it has one."""

    DRAFT = "draft"
    REQUESTED = "requested"
    CAPTURED = "captured"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DECLINED = "declined"
    LAPSED = "lapsed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    TERMINATED = "terminated"
    SUPERSEDED = "superseded"
    ERASING = "erasing"
    ERASED = "erased"


class Move(StrEnum):
    """What can happen to a consent."""

    REQUEST = "request"
    CAPTURE = "capture"
    ACTIVATE = "activate"
    DECLINE = "decline"
    LAPSE = "lapse"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    INVALIDATE = "invalidate"
    TERMINATE = "terminate"
    SUPERSEDE = "supersede"
    BEGIN_ERASURE = "begin_erasure"
    FINISH_ERASURE = "finish_erasure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """From which states a move starts, where it leads, and whether it ends the permits that are out."""

    sources: frozenset[State]
    target: State
    ends_permits: bool = True


STANDING: Final = frozenset({State.ACTIVE, State.SUSPENDED})
"""Signed and not ended: a person's exclusions in these bind, and these can still be withdrawn."""

REVOKED: Final = frozenset({State.WITHDRAWN, State.TERMINATED, State.INVALIDATED})
"""Ended before their time: by the person, by the organisation, or by an authority. All three act the same."""

UNSIGNED: Final = frozenset({State.DRAFT, State.REQUESTED, State.DECLINED, State.LAPSED})

ENDED: Final = frozenset(
    {
        State.WITHDRAWN, State.EXPIRED, State.INVALIDATED, State.TERMINATED, State.SUPERSEDED,
        State.ERASING, State.ERASED,
    }
)  # fmt: skip
"""Signed once, over now."""

_OVER: Final = frozenset({State.DECLINED, State.LAPSED, State.REJECTED}) | ENDED - {State.ERASING, State.ERASED}


def _rule(*sources: State, to: State, ends_permits: bool = True) -> Rule:
    return Rule(sources=frozenset(sources), target=to, ends_permits=ends_permits)


MOVES: Final[Mapping[Move, Rule]] = MappingProxyType(
    {
        Move.REQUEST: _rule(State.DRAFT, to=State.REQUESTED, ends_permits=False),
        Move.CAPTURE: _rule(State.REQUESTED, to=State.CAPTURED, ends_permits=False),
        Move.ACTIVATE: _rule(State.CAPTURED, to=State.ACTIVE, ends_permits=False),
        Move.DECLINE: _rule(State.REQUESTED, to=State.DECLINED),
        Move.LAPSE: _rule(State.DRAFT, State.REQUESTED, to=State.LAPSED),
        Move.REJECT: _rule(State.CAPTURED, to=State.REJECTED),
        Move.SUSPEND: _rule(State.ACTIVE, to=State.SUSPENDED),
        Move.RESUME: _rule(State.SUSPENDED, to=State.ACTIVE),
        Move.WITHDRAW: _rule(*STANDING, to=State.WITHDRAWN),
        Move.EXPIRE: _rule(*STANDING, to=State.EXPIRED),
        Move.INVALIDATE: _rule(*STANDING, to=State.INVALIDATED),
        Move.TERMINATE: _rule(*STANDING, to=State.TERMINATED),
        Move.SUPERSEDE: _rule(*STANDING, to=State.SUPERSEDED),
        Move.BEGIN_ERASURE: _rule(*_OVER, to=State.ERASING),
        Move.FINISH_ERASURE: _rule(State.ERASING, to=State.ERASED),
    }
)

DPV_STATUS: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.DRAFT: "ConsentUnknown",
        State.REQUESTED: "ConsentRequested",
        State.CAPTURED: "ConsentRequested",
        State.ACTIVE: "ConsentGiven",
        State.SUSPENDED: "ConsentGiven",
        State.DECLINED: "ConsentRefused",
        State.REJECTED: "ConsentRefused",
        State.LAPSED: "ConsentRequestDeferred",
        State.WITHDRAWN: "ConsentWithdrawn",
        State.EXPIRED: "ConsentExpired",
        State.INVALIDATED: "ConsentInvalidated",
        State.TERMINATED: "ConsentRevoked",
        State.SUPERSEDED: "ConsentExpired",
        State.ERASING: "ConsentWithdrawn",
        State.ERASED: "ConsentWithdrawn",
    }
)
"""The consent statuses of the Data Privacy Vocabulary (w3id.org/dpv), as ISO/IEC TS 27560 lists them."""


def effective(
    state: State,
    *,
    at: datetime,
    valid_until: datetime | None,
    link_expires_at: datetime,
    asked_until: datetime | None = None,
) -> State:
    """Give the state as it is at this moment. Time alone ends a term and a request; a sweep only writes it down."""
    if state in STANDING and valid_until is not None and at >= valid_until:
        return State.EXPIRED
    if state is State.REQUESTED and (at >= link_expires_at or (asked_until is not None and at >= asked_until)):
        return State.LAPSED
    return state
