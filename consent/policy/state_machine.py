"""The state machine of a consent: its states, and the one table of moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ConsentState(StrEnum):
    """The state of a consent. Names follow ISO/IEC TS 27560 where it has one."""

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
    """A move from one state to another."""

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
    """From which states a move starts, to which state it leads, and whether it ends permits."""

    sources: frozenset[ConsentState]
    target: ConsentState
    ends_permits: bool = True


BINDING: Final = frozenset({ConsentState.ACTIVE, ConsentState.SUSPENDED})
"""Signed and not ended. The person's exclusions in these bind, and these can be withdrawn."""

REVOKED: Final = frozenset(
    {ConsentState.WITHDRAWN, ConsentState.TERMINATED, ConsentState.INVALIDATED}
)
"""Ended before their time: by the person, the organisation or an authority. The effect is one."""

ENDED_FOR_GOOD: Final = REVOKED | {
    ConsentState.REJECTED,
    ConsentState.ERASING,
    ConsentState.ERASED,
}
"""What was made under such a consent may not be used any more."""

UNSIGNED: Final = frozenset(
    {ConsentState.DRAFT, ConsentState.REQUESTED, ConsentState.DECLINED, ConsentState.LAPSED}
)

ENDED: Final = frozenset(
    {
        ConsentState.WITHDRAWN,
        ConsentState.EXPIRED,
        ConsentState.INVALIDATED,
        ConsentState.TERMINATED,
        ConsentState.SUPERSEDED,
        ConsentState.ERASING,
        ConsentState.ERASED,
    }
)
"""Signed once, and ended."""

_OVER: Final = frozenset(
    {ConsentState.DECLINED, ConsentState.LAPSED, ConsentState.REJECTED}
) | ENDED - {
    ConsentState.ERASING,
    ConsentState.ERASED,
}


def _make_rule(*sources: ConsentState, to: ConsentState, ends_permits: bool = True) -> Rule:
    return Rule(sources=frozenset(sources), target=to, ends_permits=ends_permits)


MOVES: Final[Mapping[Move, Rule]] = MappingProxyType(
    {
        Move.REQUEST: _make_rule(ConsentState.DRAFT, to=ConsentState.REQUESTED, ends_permits=False),
        Move.CAPTURE: _make_rule(
            ConsentState.REQUESTED, to=ConsentState.CAPTURED, ends_permits=False
        ),
        Move.ACTIVATE: _make_rule(
            ConsentState.CAPTURED, to=ConsentState.ACTIVE, ends_permits=False
        ),
        Move.DECLINE: _make_rule(ConsentState.REQUESTED, to=ConsentState.DECLINED),
        Move.LAPSE: _make_rule(ConsentState.DRAFT, ConsentState.REQUESTED, to=ConsentState.LAPSED),
        Move.REJECT: _make_rule(ConsentState.CAPTURED, to=ConsentState.REJECTED),
        Move.SUSPEND: _make_rule(ConsentState.ACTIVE, to=ConsentState.SUSPENDED),
        Move.RESUME: _make_rule(ConsentState.SUSPENDED, to=ConsentState.ACTIVE),
        Move.WITHDRAW: _make_rule(*BINDING, to=ConsentState.WITHDRAWN),
        Move.EXPIRE: _make_rule(*BINDING, to=ConsentState.EXPIRED),
        Move.INVALIDATE: _make_rule(*BINDING, to=ConsentState.INVALIDATED),
        Move.TERMINATE: _make_rule(*BINDING, to=ConsentState.TERMINATED),
        Move.SUPERSEDE: _make_rule(*BINDING, to=ConsentState.SUPERSEDED),
        Move.BEGIN_ERASURE: _make_rule(*_OVER, to=ConsentState.ERASING),
        Move.FINISH_ERASURE: _make_rule(ConsentState.ERASING, to=ConsentState.ERASED),
    }
)

DPV_STATUS: Final[Mapping[ConsentState, str]] = MappingProxyType(
    {
        ConsentState.DRAFT: "ConsentUnknown",
        ConsentState.REQUESTED: "ConsentRequested",
        ConsentState.CAPTURED: "ConsentRequested",
        ConsentState.ACTIVE: "ConsentGiven",
        ConsentState.SUSPENDED: "ConsentGiven",
        ConsentState.DECLINED: "ConsentRefused",
        ConsentState.REJECTED: "ConsentRefused",
        ConsentState.LAPSED: "ConsentRequestDeferred",
        ConsentState.WITHDRAWN: "ConsentWithdrawn",
        ConsentState.EXPIRED: "ConsentExpired",
        ConsentState.INVALIDATED: "ConsentInvalidated",
        ConsentState.TERMINATED: "ConsentRevoked",
        ConsentState.SUPERSEDED: "ConsentExpired",
        ConsentState.ERASING: "ConsentWithdrawn",
        ConsentState.ERASED: "ConsentWithdrawn",
    }
)
"""The consent statuses of the Data Privacy Vocabulary (w3id.org/dpv), as ISO/IEC TS 27560 lists
them.
"""


def get_effective_state(
    state: ConsentState,
    *,
    at: datetime,
    valid_until: datetime | None,
    link_expires_at: datetime,
    asked_until: datetime | None = None,
) -> ConsentState:
    """Return the state at this moment.

    Time alone ends a term and a request. A sweep only writes it down.
    """
    if state in BINDING and valid_until is not None and at >= valid_until:
        return ConsentState.EXPIRED

    if state is ConsentState.REQUESTED and (
        at >= link_expires_at or (asked_until is not None and at >= asked_until)
    ):
        return ConsentState.LAPSED

    return state
