"""What became of the permission behind a clip: asked of the room above through a register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

ConsentState = Callable[[str], str | None]
# Consents live higher in the house; their room is asked through this register, filled when the
# applications are ready.
_register: dict[str, ConsentState] = {}

ENDED_FOR_GOOD: Final = frozenset(
    {"withdrawn", "invalidated", "terminated", "rejected", "erasing", "erased"}
)


def register_consent_state(ask: ConsentState) -> None:
    """Say who knows the state of a consent by its id."""
    _register["consent"] = ask


def register_consent_level(ask: ConsentState) -> None:
    """Say who knows at which level a consent was signed."""
    _register["level"] = ask


def get_consent_level(consent_id: str) -> str | None:
    """The level at which a consent was signed, such as `L1`; None when nobody knows it."""
    ask = _register.get("level")
    return ask(consent_id) if ask else None


def get_consent_state(consent_id: str) -> str:
    """The state of a consent, `unknown` when nobody knows it."""
    ask = _register.get("consent")
    return (ask(consent_id) if ask else None) or "unknown"
