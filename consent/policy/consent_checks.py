"""What speaks against a call whatever the grants say: the request, and the consent as a whole.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consent.policy.actions import NEED_PROVIDER, UNPUBLISHED
from consent.policy.state_machine import ConsentState
from consent.policy.types import AccessRequest, ConsentView, PolicyContext, Reason, make_reason


def find_missing_fact(request: AccessRequest) -> str | None:
    """Return what a request must say before a permit may rest on it, and does not, or None."""
    if request.provider is None and request.action in NEED_PROVIDER:
        return "the provider that it reaches"

    if request.text is None and request.action == "synthesize" and request.language is not None:
        return "what was found in its text"

    return None


def check_request(request: AccessRequest, facts: PolicyContext) -> list[Reason]:
    """Collect what speaks against the request whatever the grants say."""
    against: list[Reason] = []
    published = request.action not in UNPUBLISHED
    if facts.held:
        against.append(Reason(code="hold", detail="A hold stands on this person's voice."))
    if facts.representative_missing:
        against.append(
            Reason(
                code="representative_missing",
                detail="No representative is verified to act for this person.",
            )
        )
    if request.voice_expired:
        against.append(
            Reason(
                code="voice_expired",
                detail="The provider's own time for this voice is over.",
                required="ready",
            )
        )
    elif not request.voice_ready:
        against.append(
            Reason(code="voice_not_ready", detail="The voice is not ready.", required="ready")
        )
    if request.use_case is None and (published or "use_case" in request.given):
        against.append(
            Reason(code="use_case_unknown", detail="The call names no use case that we know.")
        )
    if request.language is None and (published or "language" in request.given):
        against.append(
            Reason(
                code="language_unknown",
                detail="The call names no specific language by a BCP 47 tag that we know.",
            )
        )
    return against


def check_consent(
    request: AccessRequest, facts: PolicyContext, consent: ConsentView
) -> list[Reason]:
    """Return the reasons against the consent as a whole: state, term, samples, provider."""
    against: list[Reason] = []
    at, since, until = facts.at, consent.valid_from, consent.valid_until
    if consent.state is not ConsentState.ACTIVE:
        against.append(_state_reason(consent))
    elif since is None or until is None:
        raise ValueError("an active consent without a term")
    if until is not None and at >= until and consent.state is not ConsentState.EXPIRED:
        against.append(
            make_reason("consent_expired", "The term of this consent has ended.", consent)
        )
    if since is not None and at < since:
        against.append(
            make_reason("consent_not_yet_valid", "The term of this consent has not begun.", consent)
        )
    if request.sample_sha256s and not _samples_fit(request, facts, consent):
        against.append(
            make_reason(
                "sample_not_covered",
                "A recording belongs to another person's consent."
                if request.action == "clone"
                else "A recording is not one that this consent is bound to.",
                consent,
            )
        )
    if request.provider is not None and request.provider not in consent.providers:
        against.append(
            make_reason(
                "provider_not_covered",
                "This provider was not agreed to.",
                consent,
                required=request.provider,
                granted=sorted(consent.providers),
            )
        )
    return against


def _samples_fit(request: AccessRequest, facts: PolicyContext, consent: ConsentView) -> bool:
    """Return whether the consent covers the recordings that `request` names.

    A clone binds its recordings to the consent: they may be new, but not another person's. Every
    other action needs recordings that are bound already.
    """
    if request.action == "clone":
        return not facts.foreign_samples
    return consent.samples.issuperset(request.sample_sha256s)


_STATES: Final[Mapping[ConsentState, tuple[str, str]]] = {
    ConsentState.DRAFT: ("consent_not_signed", "The person has not been asked yet."),
    ConsentState.REQUESTED: ("consent_not_signed", "The person has not signed yet."),
    ConsentState.CAPTURED: ("consent_not_signed", "What the person signed is still being checked."),
    ConsentState.DECLINED: ("consent_not_signed", "The person has declined."),
    ConsentState.LAPSED: ("consent_not_signed", "The request ended before it was signed."),
    ConsentState.REJECTED: ("consent_not_signed", "What was signed did not stand up to the check."),
    ConsentState.SUSPENDED: ("consent_suspended", "This consent is suspended."),
    ConsentState.ERASING: (
        "consent_revoked",
        "The person is being erased, and so is this consent.",
    ),
    ConsentState.ERASED: ("consent_revoked", "The person was erased, and this consent with them."),
    ConsentState.EXPIRED: ("consent_expired", "The term of this consent has ended."),
    ConsentState.WITHDRAWN: ("consent_revoked", "The person has withdrawn this consent."),
    ConsentState.TERMINATED: ("consent_revoked", "The organisation has ended this consent."),
    ConsentState.INVALIDATED: ("consent_revoked", "This consent was declared invalid."),
}


def _state_reason(consent: ConsentView) -> Reason:
    code, detail = _STATES.get(consent.state, ("consent_revoked", "This consent has ended."))
    return make_reason(code, detail, consent)
