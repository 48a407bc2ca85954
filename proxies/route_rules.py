"""What becomes of a provider's routes: which are gated, and why each of the others is refused.

A pattern is a path in whose segments `*` stands for any text. That of a refused family stands for
all paths that begin so.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

NOT_HERE: Final = "There is no such route here."


@dataclass(frozen=True, slots=True)
class RefusedFamily:
    """Routes that begin with `begin`, and the reason why no call through them is taken."""

    begin: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRules:
    """The rules of one provider. A route is `gated` as method and whole path.

    Of the families the first that fits is told. `base` begins every path, and is in no pattern:
    the SDK's base address ends in it.
    """

    provider: str
    gated: frozenset[tuple[str, str]]
    refused: tuple[RefusedFamily, ...]
    base: str = ""

    def is_gated(self, method: str, path: str) -> bool:
        """Return True if calls of this route ask the gate."""
        below = path.removeprefix(self.base)
        return any(
            method == known and _fits(pattern, below, whole=True) for known, pattern in self.gated
        )

    def find_reason(self, path: str) -> str | None:
        """Return why routes of this path are refused, None where no family has it."""
        below = path.removeprefix(self.base)
        for family in self.refused:
            if _fits(family.begin, below, whole=False):
                return family.reason

        return None


def _fits(pattern: str, path: str, *, whole: bool) -> bool:
    wanted, found = pattern.strip("/").split("/"), path.strip("/").split("/")
    if len(found) < len(wanted) or (whole and len(found) != len(wanted)):
        return False

    return all(fnmatchcase(other, one) for one, other in zip(wanted, found, strict=False))
