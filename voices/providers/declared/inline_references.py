"""The recording of an engine that keeps no voice: as the profile that our vault holds."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

from upstream.upstream_errors import ProviderRefused
from voices.providers.base import ProviderVoice


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReference:
    """A recording as a WAV, and what is said in it."""

    wav: bytes = field(repr=False)
    transcript: str = field(repr=False)

    def to_profile(self) -> bytes:
        """Return the bytes to be stored."""
        audio = base64.b64encode(self.wav).decode("ascii")
        return json.dumps({"audio": audio, "transcript": self.transcript}).encode()


def open_reference(voice: ProviderVoice) -> StoredReference:
    """Return the recording of a voice. Raises ProviderRefused for a voice without one."""
    if voice.profile is None:
        raise ProviderRefused("This voice has no recording to send.")

    stored = json.loads(voice.profile)
    return StoredReference(wav=base64.b64decode(stored["audio"]), transcript=stored["transcript"])
