"""What can go wrong with marking a clip."""

from __future__ import annotations

from core.errors import Refused


class MarkFailed(Refused):
    """The mark cannot be read back from this clip, so the clip must not leave.

    `facts["reason"]` is `silent`, `no_speech` (tones, noise, music alone), `too_short` (under 1.5
    s, or hardly any speech in it) or `not_read_back`.
    """

    code = "mark_failed"
