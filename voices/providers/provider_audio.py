"""What a provider gave for a text: its sound, and the file itself when that carries a manifest
worth keeping.

A provider's file is foreign: it is decoded and its manifest read in limited child processes, and no
address in it is ever asked. A manifest that holds is kept as the clip's ingredient, whoever signed
it; one that does not says nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from audio import decoding
from audio.containers import UnreadableAudio
from audio.sound import Sound
from provenance.c2pa import manifest_reader
from provenance.c2pa.manifest_reader import ManifestState
from provenance.c2pa.manifest_signer import Parent
from voices.providers.base import EncodedAudio, ProviderDown

logger = logging.getLogger(__name__)
_HOLDS: Final = (ManifestState.TRUSTED, ManifestState.UNKNOWN_SIGNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAudio:
    """A text as it was spoken; `parent` is the provider's file, when it came with Content
    Credentials.
    """

    sound: Sound = field(repr=False)
    parent: Parent | None


def read_provider_audio(made: Sound | EncodedAudio) -> ProviderAudio:
    """Read what a provider gave.

    Raises ProviderDown when that is no audio, DecoderDown, ReaderDown.
    """
    if isinstance(made, Sound):
        return ProviderAudio(sound=made, parent=None)
    try:
        sound = decoding.decode_untrusted(
            made.data, most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES
        ).sound
    except UnreadableAudio as error:
        raise ProviderDown("The provider's answer is no audio that can be read.") from error
    found = manifest_reader.read_credentials(made.data)
    if found.state in _HOLDS:
        return ProviderAudio(
            sound=sound,
            parent=Parent(media_type=manifest_reader.guess_media_type(made.data), data=made.data),
        )
    if found.state is not ManifestState.ABSENT:
        logger.warning("provider's manifest left out", extra={"state": found.state.value})
    return ProviderAudio(sound=sound, parent=None)
