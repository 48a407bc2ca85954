"""The policy: does one grant cover what is asked? Pure, and the same for the gate, the tests and the bench.

`judge` goes through every rule and collects all reasons against; a permit comes from one single grant. When no grant
fits, the reasons are those of the nearest one: fewest failures, and of equals one that covers the use case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consent.rules import channels, languages, territories, use_cases
from consent.rules.asks import Ask, ConsentFacts, Facts, GrantFacts, Reason, Verdict
from consent.rules.states import State

VERSION: Final = "2026-11-29.1"

ACTIONS: Final = frozenset({"clone", "synthesize", "train", "sublicense", "verify_speaker"})
_LABELS: Final = ", ".join(sorted(use_cases.EXCLUDABLE))
_UNPUBLISHED: Final = frozenset({"clone", "verify_speaker"})
"""Acts that publish nothing: of language, use case, channel and territory only those that the call names are judged."""


def evaluate(ask: Ask, facts: Facts) -> tuple[Reason, ...]:
    """Give all reasons against; none means that one grant covers everything."""
    return judge(ask, facts).reasons


def judge(ask: Ask, facts: Facts) -> Verdict:
    """Find the one grant that covers what is asked, or the reasons of the nearest one. Default deny."""
    general = _read(ask, facts)
    consent = facts.consent
    if consent is None:
        general.append(Reason(code="no_consent", detail="There is no consent that this call could rest on."))
        return Verdict(reasons=tuple(general), grant=None)
    general.extend(_of_consent(ask, facts, consent))
    nearest: list[Reason] | None = None
    rank = (0, 0)
    for grant in consent.grants:
        against = _of_grant(ask, grant, consent, facts)
        if not against and not general:
            return Verdict(reasons=(), grant=grant)
        mine = (len(against), sum(reason.code == "use_case_not_covered" for reason in against))
        if nearest is None or mine < rank:
            nearest, rank = against, mine
    if nearest is None:
        nearest = [_reason("action_not_covered", "This consent has no grant left.", consent, required=ask.action)]
    return Verdict(reasons=(*general, *nearest), grant=None)


def _read(ask: Ask, facts: Facts) -> list[Reason]:
    """Collect what speaks against the ask whatever the grants say."""
    against: list[Reason] = []
    published = ask.action not in _UNPUBLISHED
    if facts.held:
        against.append(Reason(code="hold", detail="A hold stands on this person's voice."))
    if facts.representative_missing:
        against.append(Reason(code="representative_missing", detail="Nobody has been verified to act for this person."))
    if not ask.voice_ready:
        against.append(Reason(code="voice_not_ready", detail="The voice is not ready.", required="ready"))
    if ask.use_case is None and (published or "use_case" in ask.given):
        against.append(Reason(code="use_case_unknown", detail="The call names no use case that we know."))
    if ask.language is None and (published or "language" in ask.given):
        against.append(
            Reason(code="language_unknown", detail="The call names no specific language by a BCP 47 tag that we know.")
        )
    return against


def _of_consent(ask: Ask, facts: Facts, consent: ConsentFacts) -> list[Reason]:
    """What speaks against the consent as a whole: its state, its term, its samples."""
    against: list[Reason] = []
    at, since, until = facts.at, consent.valid_from, consent.valid_until
    if consent.state is not State.ACTIVE:
        against.append(_of_state(consent))
    elif since is None or until is None:
        raise ValueError("an active consent without a term")
    if until is not None and at >= until and consent.state is not State.EXPIRED:
        against.append(_reason("consent_expired", "The term of this consent has ended.", consent))
    if since is not None and at < since:
        against.append(_reason("consent_not_yet_valid", "The term of this consent has not begun.", consent))
    if ask.sample_sha256s and not _samples_fit(ask, facts, consent):
        against.append(_reason("sample_not_covered", "A recording is not one that this consent is bound to.", consent))
    return against


def _samples_fit(ask: Ask, facts: Facts, consent: ConsentFacts) -> bool:
    """A clone binds its recordings to the consent: they may be new, but not another's. All else needs bound ones."""
    if ask.action == "clone":
        return not facts.foreign_samples
    return consent.samples.issuperset(ask.sample_sha256s)


_STATES: Final[Mapping[State, tuple[str, str]]] = {
    State.DRAFT: ("consent_not_signed", "The person has not been asked yet."),
    State.REQUESTED: ("consent_not_signed", "The person has not signed yet."),
    State.CAPTURED: ("consent_not_signed", "What the person signed is still being checked."),
    State.DECLINED: ("consent_not_signed", "The person has declined."),
    State.LAPSED: ("consent_not_signed", "The request ended before it was signed."),
    State.REJECTED: ("consent_not_signed", "What was signed did not stand up to the check."),
    State.SUSPENDED: ("consent_suspended", "This consent is suspended."),
    State.EXPIRED: ("consent_expired", "The term of this consent has ended."),
    State.WITHDRAWN: ("consent_revoked", "The person has withdrawn this consent."),
    State.TERMINATED: ("consent_revoked", "The organisation has ended this consent."),
    State.INVALIDATED: ("consent_revoked", "This consent was declared invalid."),
}


def _of_state(consent: ConsentFacts) -> Reason:
    code, detail = _STATES.get(consent.state, ("consent_revoked", "This consent has ended."))
    return _reason(code, detail, consent)


def _of_grant(ask: Ask, grant: GrantFacts, consent: ConsentFacts, facts: Facts) -> list[Reason]:
    """What speaks against one grant, in the order of the published reason codes."""
    against: list[Reason] = []
    use_case = ask.use_case
    # 1. assurance
    named = use_case or grant.use_case
    needed = use_cases.minimum_level(named, facts.raised)
    needed = max(needed, ask.assurance_floor)
    if consent.assurance < needed and not _trusted_as_l1(consent, named, needed, facts):
        against.append(_too_low(consent, needed))
    # 2. action
    if ask.action not in grant.actions:
        against.append(
            _reason("action_not_covered", "This act was not agreed to.", consent, ask.action, sorted(grant.actions))
        )
    # 3. use case
    if use_case is not None and not use_cases.covers(grant.use_case, use_case):
        against.append(
            _reason("use_case_not_covered", "This use was not agreed to.", consent, use_case, [grant.use_case])
        )
    # 4. language
    if ask.language is not None and not languages.any_covers(grant.languages, ask.language):
        against.append(
            _reason("language_not_covered", "This language was not agreed to.", consent, ask.language, grant.spelt)
        )
    # 5. channel and territory   6. exclusions   7. quota
    against += _of_place(ask, grant, consent, facts)
    if grant.exclusions or facts.forbidden or ask.labels:
        against += _excluded(ask, grant, consent, facts)
    if ask.action == "synthesize":
        against += _over_quota(ask, grant, consent)
    return against


def _trusted_as_l1(consent: ConsentFacts, use_case: str, needed: int, facts: Facts) -> bool:
    """Say whether a consent of L0 counts as L1. L0 permits nothing, and this is its one exception.

    An import that a second person approved counts where the owner's policy names the use case. It never counts for a
    use that needs more than L1, also where the owner raised the level.
    """
    if consent.assurance != 0 or not consent.import_approved or needed != 1:
        return False
    return any(use_cases.covers(named, use_case) for named in facts.imports_trusted_for)


def _of_place(ask: Ask, grant: GrantFacts, consent: ConsentFacts, facts: Facts) -> list[Reason]:
    """Channel and territory: a call that names none could go anywhere, which only `*` covers."""
    against: list[Reason] = []
    published = ask.action not in _UNPUBLISHED
    held, where = grant.channels, grant.territories
    if ask.channel not in held and channels.ANY not in held and (published or ask.channel):
        against.append(_channel_missing(ask, grant, consent))
    listed = ask.territory in where or territories.ANY in where
    if not listed and (published or ask.territory) and not _lies_in(where, ask.territory, facts):
        against.append(_territory_missing(ask, grant, consent))
    return against


def _lies_in(where: frozenset[str], asked: str | None, facts: Facts) -> bool:
    return territories.covers(where, asked, on=facts.at.date())


def _excluded(ask: Ask, grant: GrantFacts, consent: ConsentFacts, facts: Facts) -> list[Reason]:
    """Exclusions beat every grant, also those that the person made in another consent."""
    against: list[Reason] = []
    forbidden = grant.exclusions | facts.forbidden if facts.forbidden else grant.exclusions
    if use_cases.UNREADABLE in forbidden:
        detail = "The person excluded something in words that nobody can judge by; only a new signature helps."
        against.append(_reason("content_excluded", detail, consent))
    if ask.use_case is not None:
        for code in sorted(forbidden.intersection(use_cases.names(ask.use_case))):
            against.append(_reason("content_excluded", f"The person excluded {code}.", consent, ask.use_case))
    for label in ask.labels:
        if label == use_cases.UNSURE:
            detail = f"A label is `unsure` or not known, and doubt refuses; the labels are {_LABELS}."
            against.append(_reason("content_excluded", detail, consent, label))
        elif not forbidden.isdisjoint(use_cases.names(label)):
            against.append(_reason("content_excluded", "Content of this kind is excluded.", consent, label))
        elif not use_cases.kinds(label) <= grant.sensitive_content:
            detail = "Content of this kind was not agreed to."
            against.append(_reason("content_excluded", detail, consent, label, sorted(grant.sensitive_content)))
    return against


def _over_quota(ask: Ask, grant: GrantFacts, consent: ConsentFacts) -> list[Reason]:
    against: list[Reason] = []
    characters, clips, milliseconds = grant.characters_left, grant.clips_left, grant.milliseconds_left
    if characters is not None and ask.characters > characters:
        detail = "Not enough characters are left."
        against.append(_reason("quota_exceeded", detail, consent, ask.characters, [max(characters, 0)]))
    if clips is not None and clips < 1:
        against.append(_reason("quota_exceeded", "No clip is left.", consent, 1, [0]))
    if milliseconds is not None and milliseconds <= 0:
        against.append(_reason("quota_exceeded", "No second of audio is left.", consent, None, [0]))
    return against


def _too_low(consent: ConsentFacts, needed: int) -> Reason:
    detail = f"This use needs a consent signed at level L{needed}."
    return _reason("assurance_too_low", detail, consent, f"L{needed}", [f"L{consent.assurance}"])


def _channel_missing(ask: Ask, grant: GrantFacts, consent: ConsentFacts) -> Reason:
    detail = (
        "This channel was not agreed to." if ask.channel else "The call names no channel; not every one was agreed to."
    )
    return _reason("channel_not_covered", detail, consent, ask.channel, sorted(grant.channels))


def _territory_missing(ask: Ask, grant: GrantFacts, consent: ConsentFacts) -> Reason:
    detail = (
        "This territory was not agreed to."
        if ask.territory
        else "The call names no territory; not every one was agreed to."
    )
    return _reason("territory_not_covered", detail, consent, ask.territory, sorted(grant.territories))


def _reason(
    code: str,
    detail: str,
    consent: ConsentFacts,
    required: str | int | None = None,
    granted: tuple[str, ...] | list[str] | list[int] = (),
) -> Reason:
    return Reason(code=code, detail=detail, consent=consent.consent_id, required=required, granted=tuple(granted))
