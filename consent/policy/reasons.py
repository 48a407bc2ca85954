"""Reasons of the gate: every code with which it refuses, what it means, and what can be done.

A new reason is one row here, and the line that raises it. The answers, the OpenAPI document, the
problem pages and the remedies read this table. `consent/denial_messages.py` may put a reason into a
sentence of its own. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class GateReason:
    """One reason: its code, which is public API, what it means, and what a caller can do."""

    code: str
    meaning: str
    remedy: str


_ROWS: Final = (
    GateReason(
        "no_consent",
        "There is no consent that the call could rest on.",
        "Ask the person for a consent, or name the one that covers the call.",
    ),
    GateReason(
        "consent_not_signed",
        "The person has not signed, or has declined.",
        "Wait until the person has signed, or send the link again.",
    ),
    GateReason(
        "consent_suspended",
        "The consent is suspended. It may be resumed.",
        "Resume it once the cause is gone.",
    ),
    GateReason(
        "consent_revoked",
        "The consent was withdrawn, or ended for another reason that is final.",
        "Stop. Only a new consent permits anything.",
    ),
    GateReason(
        "consent_expired",
        "The term of the consent has ended. Renewing it asks the person again.",
        "Renew the consent.",
    ),
    GateReason(
        "consent_not_yet_valid",
        "The term of the consent has not begun.",
        "Wait until the term begins.",
    ),
    GateReason(
        "assurance_too_low",
        "The use needs a signature at a higher level than the consent has.",
        "Ask for a consent at the level that `required` names.",
    ),
    GateReason(
        "action_not_covered",
        "The act, such as cloning or speaking, was not agreed to.",
        "Ask the person for this act.",
    ),
    GateReason(
        "use_case_not_covered",
        "The use was not agreed to.",
        "Ask the person for this use.",
    ),
    GateReason(
        "use_case_unknown",
        "The call names no use case, or one that is not in the list.",
        "Use one of the codes that the detail lists. `GET /v1/use_cases` says what each covers.",
    ),
    GateReason(
        "language_not_covered",
        "The language was not agreed to.",
        "Ask the person for this language, or use one that `granted` lists.",
    ),
    GateReason(
        "language_unknown",
        "The call names no specific language by a BCP 47 tag, or one that is not known.",
        "Write the language as a specific BCP 47 tag, such as `de` or `pt-BR`.",
    ),
    GateReason(
        "language_mismatch",
        "The text plainly is in another language than the call names, or may be in one where your "
        "organisation's policy refuses a doubt.",
        "Name the language that the text is in, which `required` tells, or send a text in the one "
        "that the call names.",
    ),
    GateReason(
        "content_unjudged",
        "Your moderation endpoint could not say what the text contains, and the person excluded "
        "content, or your organisation's policy refuses every such text.",
        "Try again when the endpoint answers, or have it looked at.",
    ),
    GateReason(
        "channel_not_covered",
        "The channel was not agreed to, or the call names none where not every one is.",
        "Use a channel that `granted` lists, or ask the person for this one.",
    ),
    GateReason(
        "territory_not_covered",
        "The territory was not agreed to, or the call names none where not every one is.",
        "Use a territory that `granted` lists, or ask the person for this one.",
    ),
    GateReason(
        "content_excluded",
        "The person excluded content of this kind, or it needs a consent of its own.",
        "Leave this content out.",
    ),
    GateReason(
        "quota_exceeded",
        "Not enough is left of what the grant allows.",
        "Wait for the next period, or ask the person for more.",
    ),
    GateReason(
        "sample_not_covered",
        "A recording belongs to another person's consent, or is not one that this one is bound to.",
        "Send recordings of the person who signed, which this consent is bound to.",
    ),
    GateReason(
        "voice_not_ready",
        "The voice is still being made, or has ended.",
        "Wait until the voice is `ready`, or use another one.",
    ),
    GateReason(
        "voice_expired",
        "The provider keeps a voice for a time of its own, and that of this one is over.",
        "Make the voice again from the person's recordings, while their consent covers it.",
    ),
    GateReason(
        "representative_missing",
        "The person needs a representative, and none is verified.",
        "Have the person's representative verified.",
    ),
    GateReason(
        "hold",
        "There is a hold on this person's voice.",
        "Wait until the hold is lifted.",
    ),
    GateReason(
        "provider_not_covered",
        "The person did not agree to this provider.",
        "Ask the person for a new signature that names the provider, or use one that `granted` "
        "lists.",
    ),
    GateReason(
        "internal_doubt",
        "Something could not be checked. Doubt is a no. Try again.",
        "Send the call again.",
    ),
)

GATE_REASONS: Final[Mapping[str, GateReason]] = MappingProxyType({row.code: row for row in _ROWS})
"""Code -> reason, in the order of the published codes."""
