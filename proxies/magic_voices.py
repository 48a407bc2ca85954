"""Voice ids of the sandbox that always end the same way, so that SDK code can be tried on refusals.

They are words of test keys alone. No decision is recorded, because there is nothing to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consent.permits import ConsentDenied
from consent.policy.reasons import GATE_REASONS
from consent.policy.types import Reason

MAGIC_VOICES: Final[Mapping[str, str]] = {
    "voice_not_signed": "consent_not_signed",
    "voice_suspended": "consent_suspended",
    "voice_revoked": "consent_revoked",
    "voice_expired": "voice_expired",
    "voice_consent_expired": "consent_expired",
    "voice_wrong_language": "language_not_covered",
    "voice_language_mismatch": "language_mismatch",
    "voice_wrong_use_case": "use_case_not_covered",
    "voice_wrong_channel": "channel_not_covered",
    "voice_wrong_territory": "territory_not_covered",
    "voice_wrong_provider": "provider_not_covered",
    "voice_excluded_content": "content_excluded",
    "voice_quota_exceeded": "quota_exceeded",
    "voice_not_ready": "voice_not_ready",
    "voice_on_hold": "hold",
}
"""Voice id -> the reason with which every call for it is refused."""


def refuse_magic_voice(voice_id: str) -> None:
    """Raise ConsentDenied for one of these ids. Other ids pass."""
    code = MAGIC_VOICES.get(voice_id)
    if code is None:
        return

    detail = f"This id of the sandbox is always refused so. {GATE_REASONS[code].meaning}"
    raise ConsentDenied((Reason(code=code, detail=detail),), decision_id="")
