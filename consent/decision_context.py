"""Loads the rows that a decision rests on, and hands them to the policy as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from django.db.models import prefetch_related_objects

from accounts import organisation_policy
from consent import quota, row_macs, speakers
from consent.models import Consent, Grant, GrantUsage, ImportedConsent, SampleHash, Speaker
from consent.policy import grant_scope, use_cases
from consent.policy.state_machine import STANDING, ConsentState
from consent.policy.types import AccessRequest, ConsentView, PolicyContext
from core.canonical_json import Json

_LONGEST_CHAIN: Final = 50
_LEVELS: Final = ("L1", "L2", "L3")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedContext:
    """The facts, and the rows behind them: the consent that was judged, and its grants.

    That consent is the newest of its `chain`, which begins with the consent asked for. `signed` are
    all its grants, declined and removed ones too. `others` are what else this person ever signed
    here, with their grants, and `holds` the grounds of what is held. `usages` are the quotas'
    counters by grant, and `policy` is the organisation's own as it was read.
    """

    facts: PolicyContext
    consent: Consent | None
    grants: dict[str, Grant]
    chain: tuple[Consent, ...] = ()
    signed: tuple[Grant, ...] = ()
    others: tuple[Consent, ...] = ()
    holds: tuple[str, ...] = ()
    usages: Mapping[str, GrantUsage] = field(default_factory=dict)
    policy: Mapping[str, Json] = field(default_factory=dict)


def register_policy() -> None:
    """Register the policy entries that the gate asks for. Called when the applications start."""
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name="minimum_assurance",
            help="Raises the level of signature that a use case needs, and never lowers it.",
            example={"agent": "L2", "*": "L1"},
            check=_check_levels,
            canonical=_canonical_levels,
        )
    )
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name="imports_count_as_l1",
            help=(
                "For these use cases a consent given elsewhere, whose import a second person "
                "approved, counts as L1."
            ),
            example=["entertainment.audiobook"],
            check=_check_trusted_imports,
        )
    )


def load_context(ask: AccessRequest, *, at: datetime) -> LoadedContext:
    """Read what a decision about this ask needs.

    A superseded consent is answered for by its successor.
    """
    wanted = organisation_policy.get_policy(ask.organisation_id)
    raised = read_raised_levels(wanted)
    chain = _load_chain(ask)
    if not chain:
        return LoadedContext(
            facts=PolicyContext(at=at, consent=None, raised=raised),
            consent=None,
            grants={},
            policy=wanted,
        )
    consent = chain[-1]
    approved = consent.assurance == "L0" and _has_approved_import(consent, at)
    others, holds = _load_other_consents(consent), row_macs.list_hold_grounds(consent.speaker_id)
    prefetch_related_objects([consent, *others], "grants")  # those of all in one question
    every = tuple(sorted(consent.grants.all(), key=lambda grant: grant.position))
    grants = [grant for grant in every if grant.declined_at is None and grant.removed_at is None]
    usages = quota.load_usages(grants, at)
    samples: frozenset[str] = frozenset()
    if ask.sample_sha256s:
        samples = frozenset(
            SampleHash.objects.filter(consent__in=chain).values_list("sha256", flat=True)
        )
    speaker = consent.speaker
    facts = PolicyContext(
        at=at,
        consent=ConsentView(
            consent_id=consent.id,
            state=consent.state_at(at),
            assurance=int(consent.assurance[1:]),
            valid_from=consent.valid_from,
            valid_until=consent.valid_until,
            samples=samples,
            import_approved=approved,
            grants=tuple(
                grant_scope.scope_to_grant_view(
                    grant.scope,
                    grant_id=grant.id,
                    left=quota.compute_remaining_quota(grant.scope, usages.get(grant.id)),
                )
                for grant in grants
            ),
        ),
        forbidden=_collect_exclusions(others, at=at),
        foreign_samples=_find_foreign_samples(ask, speaker),
        held=speaker.state != Speaker.State.ACTIVE or bool(holds),
        representative_missing=_lacks_representative(speaker, at),
        raised=raised,
        imports_trusted_for=read_trusted_imports(wanted) if approved else frozenset(),
    )
    standing = {grant.id: grant for grant in grants}
    return LoadedContext(
        facts=facts,
        consent=consent,
        grants=standing,
        chain=tuple(chain),
        signed=every,
        others=others,
        holds=holds,
        usages=usages,
        policy=wanted,
    )


def _load_chain(ask: AccessRequest) -> list[Consent]:
    """Return the consent asked for and, after it, those that took its place one after the other."""
    if ask.consent_id is None:
        return []
    mine = Consent.objects.of(ask.organisation_id, livemode=ask.livemode).select_related("speaker")
    found = mine.filter(id=ask.consent_id).first()
    chain: list[Consent] = []
    while found is not None and len(chain) < _LONGEST_CHAIN:
        chain.append(found)
        if found.state != ConsentState.SUPERSEDED:
            break
        found = mine.filter(supersedes=found, signed_at__isnull=False).first()
    return chain


def _load_other_consents(consent: Consent) -> tuple[Consent, ...]:
    """Return what else this person signed for this organisation, whether in force or ended."""
    mine = Consent.objects.of(consent.organisation_id, livemode=consent.livemode)
    signed = (
        mine.filter(speaker_id=consent.speaker_id).exclude(id=consent.id).exclude(record_sha256="")
    )
    others = tuple(signed.only(*row_macs.COLUMNS, "link_expires_at", "asked_until"))
    for other in others:
        other.speaker = consent.speaker  # the same person: saves a query
    return others


def _collect_exclusions(others: Iterable[Consent], *, at: datetime) -> frozenset[str]:
    """Return what this person excluded in their other consents to this organisation that are in
    force.
    """
    standing = (consent for consent in others if consent.state_at(at) in STANDING)
    grants = (grant for consent in standing for grant in consent.grants.all())
    return frozenset(
        code
        for grant in grants
        if grant.declined_at is None and grant.removed_at is None
        for code in grant_scope.read_exclusions(grant.scope)
    )


def _find_foreign_samples(ask: AccessRequest, speaker: Speaker) -> frozenset[str]:
    """Return those of the request's recordings that are bound to other people's consents here."""
    if not ask.sample_sha256s:
        return frozenset()
    others = SampleHash.objects.filter(
        sha256__in=ask.sample_sha256s,
        consent__organisation_id=ask.organisation_id,
        consent__livemode=ask.livemode,
    ).exclude(consent__speaker=speaker)
    bound = others.select_related("consent__speaker")
    return frozenset(
        row.sha256 for row in bound if speakers.are_two_people(row.consent.speaker, speaker)
    )


def _has_approved_import(consent: Consent, at: datetime) -> bool:
    """Check whether this consent was given elsewhere and a second person approved its import.

    A constraint ensures that it was a second person.
    """
    return (
        ImportedConsent.objects.filter(consent=consent, approved_at__lte=at)
        .exclude(approved_by="")
        .exists()
    )


def read_trusted_imports(wanted: Mapping[str, Json]) -> frozenset[str]:
    """Return the use cases for which an organisation's policy takes approved imports for L1.

    There are none without an entry. Raises TypeError for an entry that cannot be read: a doubt, and
    a doubt is a denial.
    """
    named = wanted.get("imports_count_as_l1") or []
    if not isinstance(named, list):
        raise TypeError("the trusted imports are no list")
    return frozenset(str(code) for code in named)


def _check_trusted_imports(value: Json) -> None:
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        raise ValueError("must be a list of use cases")
    if unknown := {str(code) for code in value} - use_cases.CODES:
        raise ValueError(f"must name use cases that exist: {min(unknown)[:64]!r} does not")
    if grave := sorted(
        str(code) for code in value if use_cases.get_minimum_level(str(code), {}) > 1
    ):
        raise ValueError(f"may not name use cases that need L2, such as {grave[0]}")


def _lacks_representative(speaker: Speaker, at: datetime) -> bool:
    if speaker.kind == Speaker.Kind.ADULT:
        return False
    verified = speaker.representatives.filter(verified_at__lte=at)
    return not any(row.valid_until is None or at < row.valid_until for row in verified)


def read_raised_levels(wanted: Mapping[str, Json]) -> dict[str, int]:
    """Return the levels to which an organisation's policy raised some use cases.

    The entry is `{"minimum_assurance": {"agent": "L2"}}`. Raises TypeError or ValueError for levels
    that cannot be read.
    """
    levels = wanted.get("minimum_assurance") or {}
    if not isinstance(levels, dict):
        # Any error in here is a doubt, and a doubt is a denial.
        raise TypeError("the minimum levels are no object")
    raised: dict[str, int] = {}
    for text, level in levels.items():
        code = _use_case_or_all(str(text))
        raised[code] = max(raised.get(code, 0), int(str(level).removeprefix("L")))
    return raised


def _use_case_or_all(text: str) -> str:
    """Return the use case of an entry.

    One that cannot be read might be any, so it counts for all.
    """
    try:
        return "*" if text == "*" else use_cases.parse_use_case(text)
    except use_cases.UnknownUseCase:
        return "*"


def _check_levels(value: Json) -> None:
    if not isinstance(value, dict):
        raise ValueError("must be an object of use cases and levels")  # noqa: TRY004 - what a Check raises
    if unknown := [code for code in value if code != "*" and _use_case_or_all(code) == "*"]:
        raise ValueError(f"must name use cases that exist: {min(unknown)[:64]!r} does not")
    if any(level not in _LEVELS for level in value.values()):
        raise ValueError(f"must have levels out of {', '.join(_LEVELS)}")


def _canonical_levels(value: Json) -> Json:
    """Return the levels by canonical use case, and of two for one use case the higher."""
    levels = cast("dict[str, str]", value)
    found: dict[str, Json] = {}
    for text, level in levels.items():
        code = _use_case_or_all(text)
        found[code] = max(str(found.get(code, level)), level)
    return found
