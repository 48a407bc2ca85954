"""The pieces of ElevenLabs' streams that carry times: one line of JSON each.

The times of characters are `null`, as the provider's own documents allow. What leaves here has been
marked, encoded and perhaps lengthened, so times that no one has measured would be invented.
"""

from __future__ import annotations

import base64
import json
from typing import Any


def describe_untimed_audio(data: bytes) -> dict[str, Any]:
    """Return a piece of audio without times."""
    return {
        "audio_base64": base64.b64encode(data).decode("ascii"),
        "alignment": None,
        "normalized_alignment": None,
    }


class ElevenLabsJsonLines:
    """One line of JSON a piece: `{"audio_base64": "…", "alignment": null, …}`."""

    def wrap(self, data: bytes) -> bytes:
        """Return the line."""
        piece = describe_untimed_audio(data)
        return json.dumps(piece, separators=(",", ":")).encode() + b"\n"

    def close(self) -> bytes:
        """Return nothing: the lines end with the answer."""
        return b""
