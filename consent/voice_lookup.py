"""Voice look-up: what the gate must know of a voice that a caller names. Voices live above and register themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVoice:
    """The consent that a voice rests on, and whether it can speak now."""

    consent_id: str
    ready: bool


Lookup = Callable[[str, bool, str], KnownVoice | None]
"""Takes organisation id, livemode and voice id; gives None for a stranger's voice."""

_registered: list[Lookup] = []


def register(lookup: Lookup) -> None:
    """Say who knows voices. The last one registered is asked."""
    _registered[:] = [lookup]


def find(voice_id: str, *, organisation_id: str, livemode: bool) -> KnownVoice:
    """Give what is known of an organisation's voice. Raises NotFound, for strangers' ids too."""
    found = _registered[0](organisation_id, livemode, voice_id) if _registered else None
    if found is None:
        raise NotFound("There is no such voice.")
    return found
