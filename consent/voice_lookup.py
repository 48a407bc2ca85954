"""Voice look-up: what the gate must know of a voice that a caller names.

Voices live above and register themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from core.errors import NotFound


class VoiceMoved(Exception):
    """A voice is named for a consent that it was not made by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVoice:
    """The consent that a voice rests on, and whether it can speak now."""

    consent_id: str
    ready: bool


Lookup = Callable[[str, bool, str], KnownVoice | None]
"""Takes organisation id, livemode and voice id; gives None for a stranger's voice."""

Among = Callable[[Collection[str]], frozenset[str]]
"""Takes ids of voices and gives some of them."""

Bound = Callable[[str, Collection[str], str], bool]
"""Takes a voice's id, ids of consents and a person's subject: is the voice theirs, and rests on one
of these?
"""

_registered: list[Lookup] = []
_bound: list[Bound] = []
_ready: list[Among] = []
_gone: list[Among] = []


def register_voice_lookup(lookup: Lookup) -> None:
    """Say who knows voices. The last one registered is asked."""
    _registered[:] = [lookup]


def register_binding(bound: Bound) -> None:
    """Say who knows on what a voice rests."""
    _bound[:] = [bound]


def register_states(*, ready: Among, gone: Among) -> None:
    """Say who knows which of many voices are ready, and which have been deleted."""
    _ready[:], _gone[:] = [ready], [gone]


def get_known_voice(voice_id: str, *, organisation_id: str, livemode: bool) -> KnownVoice:
    """Give what is known of an organisation's voice. Raises NotFound, for strangers' ids too."""
    found = _registered[0](organisation_id, livemode, voice_id) if _registered else None
    if found is None:
        raise NotFound("There is no such voice.")
    return found


def check_bound(voice_id: str, consent_ids: Collection[str], *, subject: str) -> None:
    """Raise VoiceMoved unless this voice was made from this person and rests on one of these
    consents.
    """
    if not _bound or not _bound[0](voice_id, consent_ids, subject):
        raise VoiceMoved(
            f"{voice_id} is not as its cloning left it, or is older than the binding of voices"
        )


def ready_among(voice_ids: Collection[str]) -> frozenset[str]:
    """Give those of these voices that can speak now, in one question."""
    wanted = {voice_id for voice_id in voice_ids if voice_id}
    return _ready[0](wanted) if wanted and _ready else frozenset()


def gone_among(voice_ids: Collection[str]) -> frozenset[str]:
    """Give those of these voices that are being deleted or have been."""
    return _gone[0](voice_ids) if voice_ids and _gone else frozenset()
