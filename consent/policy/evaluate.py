"""The policy: does one grant cover what is asked?

Pure, and the same for the gate, the tests and the bench.

`evaluate_request` goes through every rule and collects all reasons against; a permit comes from one
single grant. When no grant fits, the reasons are those of the nearest one: fewest failures, and of
equals one that covers the use case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consent.policy import channels, languages, territories, use_cases
from consent.policy.state_machine import ConsentState
from consent.policy.types import (
    AccessRequest,
    ConsentView,
    GrantView,
    PolicyContext,
    PolicyResult,
    Reason,
)

VERSION: Final = "2026-11-29.1"

ACTIONS: Final = frozenset({"clone", "synthesize", "train", "sublicense", "verify_speaker"})
_LABELS: Final = ", ".join(sorted(use_cases.EXCLUDABLE))
_UNPUBLISHED: Final = frozenset({"clone", "verify_speaker"})
"""Acts that publish nothing: of language, use case, channel and territory only those that the call
names are judged.
"""


def list_denial_reasons(ask: AccessRequest, facts: PolicyContext) -> tuple[Reason, ...]:
    """Give all reasons against; none means that one grant covers everything."""
    return evaluate_request(ask, facts).reasons


def evaluate_request(ask: AccessRequest, facts: PolicyContext) -> PolicyResult:
    """Find the one grant that covers what is asked, or the reasons of the nearest one.

    Default deny.
    """
    general = _check_request(ask, facts)
    consent = facts.consent
    if consent is None:
        general.append(
            Reason(code="no_consent", detail="There is no consent that this call could rest on.")
        )
        return PolicyResult(reasons=tuple(general), grant=None)
    general.extend(_check_consent(ask, facts, consent))
    nearest: list[Reason] | None = None
    rank = (0, 0)
    for grant in consent.grants:
        against = _check_grant(ask, grant, consent, facts)
        if not against and not general:
            return PolicyResult(reasons=(), grant=grant)
        mine = (len(against), sum(reason.code == "use_case_not_covered" for reason in against))
        if nearest is None or mine < rank:
            nearest, rank = against, mine
    if nearest is None:
        nearest = [
            _make_reason(
                "action_not_covered",
                "This consent has no grant left.",
                consent,
                required=ask.action,
            )
        ]
    return PolicyResult(reasons=(*general, *nearest), grant=None)


def _check_request(ask: AccessRequest, facts: PolicyContext) -> list[Reason]:
    """Collect what speaks against the ask whatever the grants say."""
    against: list[Reason] = []
    published = ask.action not in _UNPUBLISHED
    if facts.held:
        against.append(Reason(code="hold", detail="A hold stands on this person's voice."))
    if facts.representative_missing:
        against.append(
            Reason(
                code="representative_missing",
                detail="Nobody has been verified to act for this person.",
            )
        )
    if not ask.voice_ready:
        against.append(
            Reason(code="voice_not_ready", detail="The voice is not ready.", required="ready")
        )
    if ask.use_case is None and (published or "use_case" in ask.given):
        against.append(
            Reason(code="use_case_unknown", detail="The call names no use case that we know.")
        )
    if ask.language is None and (published or "language" in ask.given):
        against.append(
            Reason(
                code="language_unknown",
                detail="The call names no specific language by a BCP 47 tag that we know.",
            )
        )
    return against


def _check_consent(ask: AccessRequest, facts: PolicyContext, consent: ConsentView) -> list[Reason]:
    """What speaks against the consent as a whole: its state, its term, its samples."""
    against: list[Reason] = []
    at, since, until = facts.at, consent.valid_from, consent.valid_until
    if consent.state is not ConsentState.ACTIVE:
        against.append(_state_reason(consent))
    elif since is None or until is None:
        raise ValueError("an active consent without a term")
    if until is not None and at >= until and consent.state is not ConsentState.EXPIRED:
        against.append(
            _make_reason("consent_expired", "The term of this consent has ended.", consent)
        )
    if since is not None and at < since:
        against.append(
            _make_reason(
                "consent_not_yet_valid", "The term of this consent has not begun.", consent
            )
        )
    if ask.sample_sha256s and not _samples_fit(ask, facts, consent):
        against.append(
            _make_reason(
                "sample_not_covered",
                "A recording is not one that this consent is bound to.",
                consent,
            )
        )
    return against


def _samples_fit(ask: AccessRequest, facts: PolicyContext, consent: ConsentView) -> bool:
    """A clone binds its recordings to the consent: they may be new, but not another's.

    All else needs bound ones.
    """
    if ask.action == "clone":
        return not facts.foreign_samples
    return consent.samples.issuperset(ask.sample_sha256s)


_STATES: Final[Mapping[ConsentState, tuple[str, str]]] = {
    ConsentState.DRAFT: ("consent_not_signed", "The person has not been asked yet."),
    ConsentState.REQUESTED: ("consent_not_signed", "The person has not signed yet."),
    ConsentState.CAPTURED: ("consent_not_signed", "What the person signed is still being checked."),
    ConsentState.DECLINED: ("consent_not_signed", "The person has declined."),
    ConsentState.LAPSED: ("consent_not_signed", "The request ended before it was signed."),
    ConsentState.REJECTED: ("consent_not_signed", "What was signed did not stand up to the check."),
    ConsentState.SUSPENDED: ("consent_suspended", "This consent is suspended."),
    ConsentState.EXPIRED: ("consent_expired", "The term of this consent has ended."),
    ConsentState.WITHDRAWN: ("consent_revoked", "The person has withdrawn this consent."),
    ConsentState.TERMINATED: ("consent_revoked", "The organisation has ended this consent."),
    ConsentState.INVALIDATED: ("consent_revoked", "This consent was declared invalid."),
}


def _state_reason(consent: ConsentView) -> Reason:
    code, detail = _STATES.get(consent.state, ("consent_revoked", "This consent has ended."))
    return _make_reason(code, detail, consent)


def _check_grant(
    ask: AccessRequest, grant: GrantView, consent: ConsentView, facts: PolicyContext
) -> list[Reason]:
    """What speaks against one grant, in the order of the published reason codes."""
    against: list[Reason] = []
    use_case = ask.use_case
    # 1. assurance
    named = use_case or grant.use_case
    needed = use_cases.get_minimum_level(named, facts.raised)
    needed = max(needed, ask.assurance_floor)
    if consent.assurance < needed and not _trusted_as_l1(consent, named, needed, facts):
        against.append(_assurance_reason(consent, needed))
    # 2. action
    if ask.action not in grant.actions:
        against.append(
            _make_reason(
                "action_not_covered",
                "This act was not agreed to.",
                consent,
                ask.action,
                sorted(grant.actions),
            )
        )
    # 3. use case
    if use_case is not None and not use_cases.covers_use_case(grant.use_case, use_case):
        against.append(
            _make_reason(
                "use_case_not_covered",
                "This use was not agreed to.",
                consent,
                use_case,
                [grant.use_case],
            )
        )
    # 4. language
    if ask.language is not None and not languages.any_range_covers(grant.languages, ask.language):
        against.append(
            _make_reason(
                "language_not_covered",
                "This language was not agreed to.",
                consent,
                ask.language,
                grant.spelt,
            )
        )
    # 5. channel and territory   6. exclusions   7. quota
    against += _check_place(ask, grant, consent, facts)
    if grant.exclusions or facts.forbidden or ask.labels:
        against += _check_exclusions(ask, grant, consent, facts)
    if ask.action == "synthesize":
        against += _check_quota(ask, grant, consent)
    return against


def _trusted_as_l1(consent: ConsentView, use_case: str, needed: int, facts: PolicyContext) -> bool:
    """Say whether a consent of L0 counts as L1. L0 permits nothing, and this is its one exception.

    An import that a second person approved counts where the owner's policy names the use case. It
    never counts for a use that needs more than L1, also where the owner raised the level.
    """
    if consent.assurance != 0 or not consent.import_approved or needed != 1:
        return False
    return any(use_cases.covers_use_case(named, use_case) for named in facts.imports_trusted_for)


def _check_place(
    ask: AccessRequest, grant: GrantView, consent: ConsentView, facts: PolicyContext
) -> list[Reason]:
    """Channel and territory: a call that names none could go anywhere, which only `*` covers."""
    against: list[Reason] = []
    published = ask.action not in _UNPUBLISHED
    held, where = grant.channels, grant.territories
    if ask.channel not in held and channels.ANY not in held and (published or ask.channel):
        against.append(_channel_reason(ask, grant, consent))
    listed = ask.territory in where or territories.ANY in where
    if not listed and (published or ask.territory) and not _lies_in(where, ask.territory, facts):
        against.append(_territory_reason(ask, grant, consent))
    return against


def _lies_in(where: frozenset[str], asked: str | None, facts: PolicyContext) -> bool:
    return territories.covers_territory(where, asked, on=facts.at.date())


def _check_exclusions(
    ask: AccessRequest, grant: GrantView, consent: ConsentView, facts: PolicyContext
) -> list[Reason]:
    """Exclusions beat every grant, also those that the person made in another consent."""
    against: list[Reason] = []
    forbidden = grant.exclusions | facts.forbidden if facts.forbidden else grant.exclusions
    if use_cases.UNREADABLE in forbidden:
        detail = (
            "The person excluded something in words that nobody can judge by; only a new signature "
            "helps."
        )
        against.append(_make_reason("content_excluded", detail, consent))
    if ask.use_case is not None:
        for code in sorted(forbidden.intersection(use_cases.list_excluding_codes(ask.use_case))):
            against.append(
                _make_reason(
                    "content_excluded", f"The person excluded {code}.", consent, ask.use_case
                )
            )
    for label in ask.labels:
        if label == use_cases.UNSURE:
            detail = (
                f"A label is `unsure` or not known, and doubt refuses; the labels are {_LABELS}."
            )
            against.append(_make_reason("content_excluded", detail, consent, label))
        elif not forbidden.isdisjoint(use_cases.list_excluding_codes(label)):
            against.append(
                _make_reason(
                    "content_excluded", "Content of this kind is excluded.", consent, label
                )
            )
        elif not use_cases.list_sensitive_kinds(label) <= grant.sensitive_content:
            detail = "Content of this kind was not agreed to."
            against.append(
                _make_reason(
                    "content_excluded", detail, consent, label, sorted(grant.sensitive_content)
                )
            )
    return against


def _check_quota(ask: AccessRequest, grant: GrantView, consent: ConsentView) -> list[Reason]:
    against: list[Reason] = []
    characters, clips, milliseconds = (
        grant.characters_left,
        grant.clips_left,
        grant.milliseconds_left,
    )
    if characters is not None and ask.characters > characters:
        detail = "Not enough characters are left."
        against.append(
            _make_reason("quota_exceeded", detail, consent, ask.characters, [max(characters, 0)])
        )
    if clips is not None and clips < 1:
        against.append(_make_reason("quota_exceeded", "No clip is left.", consent, 1, [0]))
    if milliseconds is not None and milliseconds <= 0:
        against.append(
            _make_reason("quota_exceeded", "No second of audio is left.", consent, None, [0])
        )
    return against


def _assurance_reason(consent: ConsentView, needed: int) -> Reason:
    detail = f"This use needs a consent signed at level L{needed}."
    return _make_reason(
        "assurance_too_low", detail, consent, f"L{needed}", [f"L{consent.assurance}"]
    )


def _channel_reason(ask: AccessRequest, grant: GrantView, consent: ConsentView) -> Reason:
    detail = (
        "This channel was not agreed to."
        if ask.channel
        else "The call names no channel; not every one was agreed to."
    )
    return _make_reason("channel_not_covered", detail, consent, ask.channel, sorted(grant.channels))


def _territory_reason(ask: AccessRequest, grant: GrantView, consent: ConsentView) -> Reason:
    detail = (
        "This territory was not agreed to."
        if ask.territory
        else "The call names no territory; not every one was agreed to."
    )
    return _make_reason(
        "territory_not_covered", detail, consent, ask.territory, sorted(grant.territories)
    )


def _make_reason(
    code: str,
    detail: str,
    consent: ConsentView,
    required: str | int | None = None,
    granted: tuple[str, ...] | list[str] | list[int] = (),
) -> Reason:
    return Reason(
        code=code,
        detail=detail,
        consent=consent.consent_id,
        required=required,
        granted=tuple(granted),
    )
