"""The kinds of entry: each room registers its own when the applications start.

The log does not know who lives above it. It takes a kind that was registered, and no other: a
misspelt event would never be found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.hooks import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryKind:
    """A kind such as `consent.revoked`.

    `tells_by` states whether its entries may show in the open who wanted it.
    """

    name: str
    tells_by: bool = False


kinds: Final = Registry[EntryKind](
    "transparency_log.formats.entry_kinds.kinds", key=lambda kind: kind.name
)


def register_kinds(*names: str, tells_by: bool = False) -> None:
    """Make kinds of entry known. Raises HookTaken for one that is known with another `tells_by`."""
    for name in names:
        kinds.add(EntryKind(name=name, tells_by=tells_by))


def get_kind(name: str) -> EntryKind:
    """Return a kind. Raises ValueError for one that no room has registered."""
    found = kinds.get(name)
    if found is None:
        raise ValueError(f"unknown kind of event {name!r}")
    return found
