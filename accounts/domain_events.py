"""Domain events of accounts, which a package above writes to the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from core import transactions
from core.canonical_json import Json
from core.hooks import Signal

Kind = Literal[
    "key.issued", "key.rotated", "key.disabled", "clock.advanced", "clock.reset",
    "admin.action", "policy.changed",
    "member.added", "member.login", "member.locked_out", "member.password_changed",
    "member.factor_added", "member.factor_removed", "member.role_changed",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Something that happened, as the log will keep it: ids and codes only."""

    kind: Kind
    organisation_id: str
    livemode: bool
    at: datetime
    actor: str
    refs: Mapping[str, str]
    facts: Mapping[str, Json]


account_changed: Final = Signal[DomainEvent]("accounts.domain_events.account_changed")
"""Sent inside the transaction that changes the state."""


@transactions.requires_transaction
def emit_event(event: DomainEvent) -> None:
    """Send the event to every listener.

    An error of a listener undoes the change: what cannot be logged must not happen.
    """
    account_changed.send(event)
