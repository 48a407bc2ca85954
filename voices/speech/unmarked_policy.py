"""The organisation's policy on clips whose watermark cannot be read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.canonical_json import Json
from core.errors import Fault
from provenance.clips.errors import MarkFailed, TextTooShort
from provenance.clips.verified_marking import LEAST_SPEECH_MS

ENTRY: Final = "mark_failed"
TOO_SHORT: Final = "too_short"


def allow_unmarked(failure: MarkFailed, policy: Mapping[str, Json]) -> str:
    """Return why a clip may leave without a mark.

    Lines that are too short leave, unless the policy says `refuse`. Others leave where it says
    `deliver`. Raises `failure`, or TextTooShort for a line that is too short.
    """
    reason, wanted = str(failure.facts["reason"]), policy.get(ENTRY)
    if wanted == "deliver" or (wanted is None and reason == TOO_SHORT):
        return reason
    if reason != TOO_SHORT:
        raise failure

    detail = (
        f"The text is too short to carry a watermark. It takes {LEAST_SPEECH_MS} ms of speech, and "
        "your organisation's policy refuses lines without one."
    )
    raise TextTooShort(
        detail,
        faults=(Fault(code=TextTooShort.code, detail=detail, attr="text"),),
        facts={"reason": reason, "least_ms": LEAST_SPEECH_MS},
    ) from failure
