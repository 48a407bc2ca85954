"""A provider's answer to a text: its sound, and the file itself when that carries a valid manifest.

A provider's file is foreign. It is decoded and its manifest read in limited child processes, and no
address in it is ever called.
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
from upstream.upstream_errors import ProviderUnavailable
from voices.providers.base import EncodedAudio

logger = logging.getLogger(__name__)
_HOLDS: Final = (ManifestState.TRUSTED, ManifestState.UNKNOWN_SIGNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAudio:
    """A spoken text. `parent` is the provider's file, when it came with Content Credentials."""

    sound: Sound = field(repr=False)
    parent: Parent | None


def read_provider_audio(made: Sound | EncodedAudio) -> ProviderAudio:
    """Read a provider's answer.

    Raises ProviderUnavailable when it is no audio, DecoderUnavailable, ManifestReaderUnavailable.
    """
    if isinstance(made, Sound):
        return ProviderAudio(sound=made, parent=None)

    try:
        decoded = decoding.decode_untrusted(made.data, most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES)
    except UnreadableAudio as error:
        raise ProviderUnavailable("The provider's answer is no audio that can be read.") from error

    sound = decoded.sound
    found = manifest_reader.read_credentials(made.data)

    # A valid manifest is kept as the clip's ingredient, whatever its signer. Another one proves
    # nothing.
    if found.state in _HOLDS:
        media_type = manifest_reader.guess_media_type(made.data)
        return ProviderAudio(sound=sound, parent=Parent(media_type=media_type, data=made.data))

    if found.state is not ManifestState.ABSENT:
        logger.warning("provider's manifest left out", extra={"state": found.state.value})

    return ProviderAudio(sound=sound, parent=None)
