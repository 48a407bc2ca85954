"""The checks of one grant: assurance, action, use, language, place, exclusions, quota."""

from __future__ import annotations

from typing import Final

from consent.policy import channels, languages, territories, use_cases
from consent.policy.actions import UNPUBLISHED
from consent.policy.text_checks import check_text_language
from consent.policy.types import (
    AccessRequest,
    ConsentView,
    GrantView,
    PolicyContext,
    Reason,
    make_reason,
)

_LABELS: Final = ", ".join(sorted(use_cases.EXCLUDABLE))


def check_grant(
    request: AccessRequest, grant: GrantView, consent: ConsentView, facts: PolicyContext
) -> list[Reason]:
    """Return what speaks against one grant, in the order of the published reason codes."""
    against: list[Reason] = []
    use_case = request.use_case
    # 1. assurance
    named = use_case or grant.use_case
    needed = use_cases.get_minimum_level(named, facts.raised)
    needed = max(needed, request.assurance_floor)
    if consent.assurance < needed and not _trusted_as_l1(consent, named, needed, facts):
        against.append(_assurance_reason(grant, consent, needed))
    # 2. action
    if request.action not in grant.actions:
        against.append(
            make_reason(
                "action_not_covered",
                "This act was not agreed to.",
                consent,
                grant,
                request.action,
                sorted(grant.actions),
            )
        )
    # 3. use case
    if use_case is not None and not use_cases.covers_use_case(grant.use_case, use_case):
        against.append(
            make_reason(
                "use_case_not_covered",
                "This use was not agreed to.",
                consent,
                grant,
                use_case,
                [grant.use_case],
            )
        )
    # 4. language
    if request.language is not None and not languages.any_range_covers(
        grant.languages, request.language
    ):
        against.append(
            make_reason(
                "language_not_covered",
                "This language was not agreed to.",
                consent,
                grant,
                request.language,
                grant.spelt,
            )
        )
    against += check_text_language(request, grant, consent, facts)
    # 5. channel and territory   6. exclusions   7. quota
    against += _check_place(request, grant, consent, facts)
    if grant.exclusions or facts.forbidden or request.labels:
        against += _check_exclusions(request, grant, consent, facts)
    if request.content_unjudged:
        against += _check_unjudged_content(grant, consent, facts)
    if request.action == "synthesize":
        against += _check_quota(request, grant, consent)
    return against


def _trusted_as_l1(consent: ConsentView, use_case: str, needed: int, facts: PolicyContext) -> bool:
    """Return True if a consent of L0 counts as L1. L0 permits nothing but in this case.

    An import that a second person approved counts where the owner's policy names the use case. It
    never counts for a use that needs more than L1, also where the owner raised the level.
    """
    if consent.assurance != 0 or not consent.import_approved or needed != 1:
        return False
    return any(use_cases.covers_use_case(named, use_case) for named in facts.imports_trusted_for)


def _check_place(
    request: AccessRequest, grant: GrantView, consent: ConsentView, facts: PolicyContext
) -> list[Reason]:
    """Check channel and territory. A call without one could go anywhere, which only `*` covers."""
    against: list[Reason] = []
    published = request.action not in UNPUBLISHED

    listed = request.channel in grant.channels or channels.ANY in grant.channels
    if not listed and (published or request.channel):
        against.append(_channel_reason(request, grant, consent))

    if (published or request.territory) and not _covers_territory(grant, request.territory, facts):
        against.append(_territory_reason(request, grant, consent))

    return against


def _covers_territory(grant: GrantView, asked: str | None, facts: PolicyContext) -> bool:
    # The plain look-up in the set comes first, because it is cheap.
    if asked in grant.territories or territories.ANY in grant.territories:
        return True

    return territories.covers_territory(grant.territories, asked, on=facts.at.date())


def _check_exclusions(
    request: AccessRequest, grant: GrantView, consent: ConsentView, facts: PolicyContext
) -> list[Reason]:
    """Check exclusions. They beat every grant, also those of the person's other consents."""
    against: list[Reason] = []
    forbidden = grant.exclusions | facts.forbidden if facts.forbidden else grant.exclusions
    if use_cases.UNREADABLE in forbidden:
        detail = (
            "The person excluded something in words that no call can be judged by. Only a "
            "new signature helps."
        )
        against.append(make_reason("content_excluded", detail, consent, grant))
    if request.use_case is not None:
        for code in sorted(
            forbidden.intersection(use_cases.list_excluding_codes(request.use_case))
        ):
            against.append(
                make_reason(
                    "content_excluded",
                    f"The person excluded {code}.",
                    consent,
                    grant,
                    request.use_case,
                )
            )
    for label in request.labels:
        if label == use_cases.UNSURE:
            detail = f"A label is `unsure` or not known, and doubt refuses. Name one of: {_LABELS}."
            against.append(make_reason("content_excluded", detail, consent, grant, label))
        elif not forbidden.isdisjoint(use_cases.list_excluding_codes(label)):
            against.append(
                make_reason(
                    "content_excluded", "Content of this kind is excluded.", consent, grant, label
                )
            )
        elif not use_cases.list_sensitive_kinds(label) <= grant.sensitive_content:
            detail = "Content of this kind was not agreed to."
            against.append(
                make_reason(
                    "content_excluded",
                    detail,
                    consent,
                    grant,
                    label,
                    sorted(grant.sensitive_content),
                )
            )
    return against


def _check_unjudged_content(
    grant: GrantView, consent: ConsentView, facts: PolicyContext
) -> list[Reason]:
    """Refuse a text of unknown content where it may hold what the person excluded."""
    is_excluding = bool(grant.exclusions or facts.forbidden)
    if facts.unjudged_content == "deliver" or not (
        is_excluding or facts.unjudged_content == "refuse"
    ):
        return []

    detail = "What the text contains could not be judged."
    return [make_reason("content_unjudged", detail, consent, grant)]


def _check_quota(request: AccessRequest, grant: GrantView, consent: ConsentView) -> list[Reason]:
    against: list[Reason] = []
    characters, clips, milliseconds = (
        grant.characters_left,
        grant.clips_left,
        grant.milliseconds_left,
    )
    if characters is not None and request.characters > characters:
        detail = "Not enough characters are left."
        against.append(
            make_reason(
                "quota_exceeded", detail, consent, grant, request.characters, [max(characters, 0)]
            )
        )
    if clips is not None and clips < 1:
        against.append(make_reason("quota_exceeded", "No clip is left.", consent, grant, 1, [0]))
    if milliseconds is not None and milliseconds <= 0:
        against.append(
            make_reason("quota_exceeded", "No second of audio is left.", consent, grant, None, [0])
        )
    return against


def _assurance_reason(grant: GrantView, consent: ConsentView, needed: int) -> Reason:
    detail = f"This use needs a consent signed at level L{needed}."
    return make_reason(
        "assurance_too_low", detail, consent, grant, f"L{needed}", [f"L{consent.assurance}"]
    )


def _channel_reason(request: AccessRequest, grant: GrantView, consent: ConsentView) -> Reason:
    detail = (
        "This channel was not agreed to."
        if request.channel
        else "The call names no channel. Not every one was agreed to."
    )
    return make_reason(
        "channel_not_covered", detail, consent, grant, request.channel, sorted(grant.channels)
    )


def _territory_reason(request: AccessRequest, grant: GrantView, consent: ConsentView) -> Reason:
    detail = (
        "This territory was not agreed to."
        if request.territory
        else "The call names no territory. Not every one was agreed to."
    )
    return make_reason(
        "territory_not_covered",
        detail,
        consent,
        grant,
        request.territory,
        sorted(grant.territories),
    )
