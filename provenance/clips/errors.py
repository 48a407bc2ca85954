"""What can go wrong with a clip: it cannot be marked, or it is not there any more."""

from __future__ import annotations

from typing import Final

from core.errors import Conflict, Invalid, NotFound, Refused, Unavailable

MARK_REASONS: Final = ("silent", "no_speech", "too_short", "not_read_back")


class MarkFailed(Refused):
    """The mark cannot be read back from this clip, so the clip must not leave.

    `facts["reason"]` is `silent`, `no_speech` (tones, noise, music alone), `too_short` (hardly any
    speech in it) or `not_read_back`.
    """

    code = "mark_failed"


class TextTooShort(Invalid):
    """The speech of the text is too short to carry a mark, and the organisation's policy wants one.

    `least_ms` is how much speech carries one.
    """

    code = "text_too_short"


class ClipAlreadySettled(Conflict):
    """The clip is not being made any more: another call settled it, or a sweep gave it up."""

    code = "clip_settled"


class ClipWithdrawn(Refused):
    """The permission behind the clip has ended: its audio is not given out any more."""

    code = "clip_withdrawn"


class ClipErased(NotFound):
    """The person behind the clip was erased, and the audio with them."""

    code = "clip_erased"


class TokensExhausted(Unavailable):
    """No free watermark token was found. Eight draws of 32 bits fail when an epoch holds billions
    of clips.
    """

    code = "mark_tokens_exhausted"
