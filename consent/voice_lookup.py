"""What the gate must know of voices. The room of voices is above and fills the hook."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol

from core.errors import NotFound
from core.hooks import Hook


class VoiceMoved(Exception):
    """A voice is named for a consent that it was not made under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVoice:
    """The consent that a voice rests on, its provider, and whether it can speak now.

    `expired`: the provider's own time for it is over.
    """

    consent_id: str
    provider: str
    ready: bool
    expired: bool = False


Lookup = Callable[[str, bool, str], KnownVoice | None]
"""Takes organisation id, livemode and voice id. Returns None for another organisation's voice."""

Among = Callable[[Collection[str]], frozenset[str]]
"""Takes ids of voices and returns some of them."""


class VoiceRow(Protocol):
    """A voice as the room of voices has read it."""

    @property
    def id(self) -> str:
        """The voice's id."""


Bound = Callable[[str | VoiceRow, Collection[str], str], bool]
"""Takes a voice's id or row, ids of consents and a person's subject.

Returns True if the voice is theirs and rests on one of these consents.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceDirectory:
    """What the room of voices answers."""

    find_voice: Lookup
    is_bound: Bound
    list_ready: Among
    list_gone: Among


voice_directory: Final = Hook[VoiceDirectory]("consent.voice_lookup.voice_directory")


def get_known_voice(voice_id: str, *, organisation_id: str, livemode: bool) -> KnownVoice:
    """Return what is known of an organisation's voice.

    Raises NotFound, also for another organisation's id.
    """
    found = voice_directory.get().find_voice(organisation_id, livemode, voice_id)
    if found is None:
        raise NotFound("There is no such voice.")

    return found


def check_bound(
    voice_id: str, consent_ids: Collection[str], *, subject: str, row: VoiceRow | None = None
) -> None:
    """Check that this voice was made from this person and rests on one of these consents.

    `row` is the voice's own, if it is read already. Raises VoiceMoved.
    """
    if row is not None and row.id != voice_id:
        raise VoiceMoved(f"{row.id} is not the voice that was asked for")

    voice = voice_id if row is None else row
    if not voice_directory.get().is_bound(voice, consent_ids, subject):
        raise VoiceMoved(
            f"{voice_id} is not as its cloning left it, or is older than the binding of voices"
        )


def find_ready_voices(voice_ids: Collection[str]) -> frozenset[str]:
    """Return those of these voices that can speak now, in one query."""
    wanted = {voice_id for voice_id in voice_ids if voice_id}

    return voice_directory.get().list_ready(wanted) if wanted else frozenset()


def find_deleted_voices(voice_ids: Collection[str]) -> frozenset[str]:
    """Return those of these voices that are being deleted or have been deleted."""
    return voice_directory.get().list_gone(voice_ids) if voice_ids else frozenset()
