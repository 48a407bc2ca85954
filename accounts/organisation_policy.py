"""An organisation's policy: what its owner decides for all calls.

Each package registers the entries that it knows. A decision takes an entry that it cannot read as
the strictest value. A change of the policy refuses such an entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts import domain_events
from accounts.domain_events import DomainEvent
from accounts.models import Organisation
from core import transactions
from core.canonical_json import Json
from core.errors import Fault, Invalid
from core.hooks import Registry

# Raises ValueError with a sentence on what is wrong.
Check = Callable[[Json], None]
# Returns the canonical spelling of a value that passed the check.
Spell = Callable[[Json], Json]


def _keep_value(value: Json) -> Json:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEntry:
    """One entry that a policy may have.

    `help` describes what it does, `check` refuses a wrong value, and `canonical` returns the
    canonical spelling of a good one.
    """

    name: str
    help: str
    example: Json
    check: Check
    canonical: Spell = _keep_value


policy_entries: Final = Registry[PolicyEntry](
    "accounts.organisation_policy.policy_entries", key=lambda entry: entry.name
)


def list_policy_entries() -> tuple[PolicyEntry, ...]:
    """Return all known entries, ordered by name."""
    return tuple(sorted(policy_entries, key=lambda entry: entry.name))


def get_policy(organisation_id: str) -> dict[str, Json]:
    """Return the present policy of an organisation."""
    return dict(Organisation.objects.values_list("policy", flat=True).get(id=organisation_id))


def make_choice_check(*words: str) -> Check:
    """Return a check that accepts these words only."""

    def check(value: Json) -> None:
        if value not in words:
            raise ValueError(f"must be one of: {', '.join(words)}")

    return check


@transactions.opens_transaction
def change_policy(
    organisation_id: str, policy: Mapping[str, Json], *, actor: str, at: datetime
) -> bool:
    """Replace the policy, log both versions, and return whether anything changed.

    Values are stored in their canonical spelling.

    Raises Invalid with a fault for every entry that is unknown (`unknown_field`) or wrong
    (`invalid`).
    """
    faults = tuple(
        fault for name, value in policy.items() if (fault := _find_fault(name, value)) is not None
    )
    if faults:
        raise Invalid(" ".join(f"{fault.attr}: {fault.detail}" for fault in faults), faults=faults)

    after = {
        entry.name: entry.canonical(policy[entry.name])
        for entry in policy_entries
        if entry.name in policy
    }

    row = Organisation.objects.select_for_update().get(id=organisation_id)
    before: dict[str, Json] = dict(row.policy)
    if before == after:
        return False

    Organisation.objects.filter(id=row.id).update(policy=after)
    domain_events.emit_event(
        DomainEvent(
            kind="policy.changed",
            organisation_id=row.id,
            livemode=True,
            at=at,
            actor=actor,
            refs={},
            facts={"before": before, "after": after},
        )
    )

    return True


def _find_fault(name: str, value: Json) -> Fault | None:
    entry = policy_entries.get(name)
    if entry is None:
        return Fault(code="unknown_field", detail="There is no such entry.", attr=name[:64])

    try:
        entry.check(value)
    except ValueError as wrong:
        return Fault(code="invalid", detail=f"This {wrong}.", attr=name)

    return None
