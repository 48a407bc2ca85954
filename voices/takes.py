"""What a provider gave for a text: its sound, and the file itself when that carries a manifest worth keeping.

A provider's file is foreign: it is decoded and its manifest read in limited child processes, and no address in it is
ever asked. A manifest that holds is kept as the clip's ingredient, whoever signed it; one that does not says nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final

from provenance.audio import decoding
from provenance.audio.formats import UnreadableAudio
from provenance.audio.sound import Sound
from provenance.credentials import reading
from provenance.credentials.reading import State
from provenance.credentials.signing import Parent
from voices.providers.base import ProviderDown, Recorded

logger = logging.getLogger(__name__)
_HOLDS: Final = (State.TRUSTED, State.UNKNOWN_SIGNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A text as it was spoken; `parent` is the provider's file, when it came with Content Credentials."""

    sound: Sound = field(repr=False)
    parent: Parent | None


def taken(made: Sound | Recorded) -> Take:
    """Read what a provider gave. Raises ProviderDown when that is no audio, DecoderDown, ReaderDown."""
    if isinstance(made, Sound):
        return Take(sound=made, parent=None)
    try:
        sound = decoding.decode(made.data).sound
    except UnreadableAudio as error:
        raise ProviderDown("The provider's answer is no audio that can be read.") from error
    found = reading.read(made.data)
    if found.state in _HOLDS:
        return Take(sound=sound, parent=Parent(media_type=reading.media_type(made.data), data=made.data))
    if found.state is not State.ABSENT:
        logger.warning("provider's manifest left out", extra={"state": found.state.value})
    return Take(sound=sound, parent=None)
