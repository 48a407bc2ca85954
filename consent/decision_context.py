"""Loads the rows that a decision rests on, and hands them to the policy as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet, prefetch_related_objects

from accounts import organisation_policy
from consent import quota, row_macs, speakers
from consent.gate_policy import (
    read_raised_levels,
    read_trusted_imports,
    read_unjudged_content,
    refuses_doubtful_text,
)
from consent.models import (
    Consent,
    Grant,
    GrantUsage,
    Hold,
    ImportedConsent,
    SampleHash,
    Speaker,
)
from consent.models.consent import ConsentQuerySet
from consent.policy import grant_scope
from consent.policy.state_machine import BINDING, ConsentState
from consent.policy.types import AccessRequest, ConsentView, PolicyContext
from core.canonical_json import Json
from core.compiled_queries import CompiledQuery

_LONGEST_CHAIN: Final = 50


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


def load_context(request: AccessRequest, *, at: datetime) -> LoadedContext:
    """Load what a decision about this request needs.

    A superseded consent is answered for by its successor.
    """
    chain = _load_chain(request)
    if not chain.consents:
        policy = organisation_policy.get_policy(request.organisation_id)
        nothing = PolicyContext(at=at, consent=None, raised=read_raised_levels(policy))
        return LoadedContext(facts=nothing, consent=None, grants={}, policy=policy)

    consent = chain.consents[-1]
    policy = dict(consent.organisation.policy)
    others = _load_other_consents(consent, request) if chain.has_others else ()
    holds = row_macs.list_hold_grounds(consent.speaker_id) if chain.is_held else ()
    # The grants of all in one query.
    prefetch_related_objects([consent, *others], "grants")
    signed = tuple(sorted(consent.grants.all(), key=lambda grant: grant.position))
    grants = [grant for grant in signed if grant.declined_at is None and grant.removed_at is None]
    usages = quota.load_usages(grants, at)

    view = _build_consent_view(request, chain.consents, grants, usages, at=at)
    facts = PolicyContext(
        at=at,
        consent=view,
        forbidden=_collect_exclusions(others, at=at),
        foreign_samples=_find_foreign_samples(request, consent.speaker),
        held=consent.speaker.state != Speaker.State.ACTIVE or bool(holds),
        representative_missing=_lacks_representative(consent.speaker, at),
        raised=read_raised_levels(policy),
        imports_trusted_for=read_trusted_imports(policy) if view.import_approved else frozenset(),
        refuses_doubtful_text=refuses_doubtful_text(policy),
        unjudged_content=read_unjudged_content(policy),
    )
    return LoadedContext(
        facts=facts,
        consent=consent,
        grants={grant.id: grant for grant in grants},
        chain=chain.consents,
        signed=signed,
        others=others,
        holds=holds,
        usages=usages,
        policy=policy,
    )


def _build_consent_view(
    request: AccessRequest,
    chain: tuple[Consent, ...],
    grants: list[Grant],
    usages: Mapping[str, GrantUsage],
    *,
    at: datetime,
) -> ConsentView:
    consent = chain[-1]
    return ConsentView(
        consent_id=consent.id,
        state=consent.state_at(at),
        assurance=int(consent.assurance[1:]),
        valid_from=consent.valid_from,
        valid_until=consent.valid_until,
        providers=frozenset(consent.providers),
        samples=_load_samples(chain) if request.sample_sha256s else frozenset(),
        import_approved=consent.assurance == "L0" and _has_approved_import(consent, at),
        grants=tuple(
            grant_scope.scope_to_grant_view(
                grant.scope,
                grant_id=grant.id,
                left=quota.compute_remaining_quota(grant.scope, usages.get(grant.id)),
            )
            for grant in grants
        ),
    )


def _load_samples(chain: tuple[Consent, ...]) -> frozenset[str]:
    bound = SampleHash.objects.filter(consent__in=chain)
    return frozenset(bound.values_list("sha256", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """The consent asked for and, after it, those that took its place one after the other.

    `has_others` says whether the person of the last one signed anything else here, and `is_held`
    whether their voice is held.
    """

    consents: tuple[Consent, ...] = ()
    has_others: bool = False
    is_held: bool = False


def _load_chain(request: AccessRequest) -> _Chain:
    if request.consent_id is None:
        return _Chain()

    chain = _Chain()
    # Any: a Consent with the two columns of the annotation.
    found: Any = _BY_ID[request.livemode].find_first(request.organisation_id, request.consent_id)
    while found is not None and len(chain.consents) < _LONGEST_CHAIN:
        chain = _Chain(
            consents=(*chain.consents, found),
            has_others=found.has_others,
            is_held=found.is_held,
        )
        if found.state != ConsentState.SUPERSEDED:
            break
        mine = _select_consents(request.organisation_id, livemode=request.livemode)
        found = mine.filter(supersedes=found, signed_at__isnull=False).first()

    return chain


def _select_consents(organisation_id: str, *, livemode: bool) -> QuerySet[Consent]:
    """Return an organisation's consents with the two facts of `_Chain`, and what they rest on."""
    holds = Hold.objects.filter(speaker_id=OuterRef("speaker_id"), lifted_at=None)
    others = _signed_beside(
        OuterRef("id"), OuterRef("speaker_id"), organisation_id, livemode=livemode
    )
    return (
        Consent.objects.of(organisation_id, livemode=livemode)
        .select_related("speaker", "organisation")
        .annotate(has_others=Exists(others), is_held=Exists(holds))
    )


def _compile_by_id(*, livemode: bool) -> CompiledQuery[Consent]:
    return CompiledQuery(
        lambda organisation_id, consent_id: _select_consents(
            organisation_id, livemode=livemode
        ).filter(id=consent_id),
        texts=2,
    )


_BY_ID: Final = {mode: _compile_by_id(livemode=mode) for mode in (False, True)}


def _load_other_consents(consent: Consent, request: AccessRequest) -> tuple[Consent, ...]:
    """Return what else this person signed for this organisation, whether in force or ended."""
    signed = _signed_beside(
        consent.id, consent.speaker_id, request.organisation_id, livemode=request.livemode
    )
    others = tuple(signed.only(*row_macs.COLUMNS, "link_expires_at", "asked_until"))
    for other in others:
        other.speaker = consent.speaker  # the same person: saves a query
    return others


def _signed_beside(
    consent_id: str | OuterRef,
    speaker_id: str | OuterRef,
    organisation_id: str,
    *,
    livemode: bool,
) -> ConsentQuerySet:
    """Return what a person signed for an organisation beside one of their consents."""
    mine = Consent.objects.of(organisation_id, livemode=livemode)
    return mine.filter(speaker_id=speaker_id).exclude(id=consent_id).exclude(record_sha256="")


def _collect_exclusions(others: Iterable[Consent], *, at: datetime) -> frozenset[str]:
    """Return what this person excluded in their other consents to this organisation that are in
    force.
    """
    binding = (consent for consent in others if consent.state_at(at) in BINDING)
    grants = (grant for consent in binding for grant in consent.grants.all())
    return frozenset(
        code
        for grant in grants
        if grant.declined_at is None and grant.removed_at is None
        for code in grant_scope.read_exclusions(grant.scope)
    )


def _find_foreign_samples(request: AccessRequest, speaker: Speaker) -> frozenset[str]:
    """Return those of the request's recordings that are bound to other people's consents here."""
    if not request.sample_sha256s:
        return frozenset()
    others = SampleHash.objects.filter(
        sha256__in=request.sample_sha256s,
        consent__organisation_id=request.organisation_id,
        consent__livemode=request.livemode,
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


def _lacks_representative(speaker: Speaker, at: datetime) -> bool:
    if speaker.kind == Speaker.Kind.ADULT:
        return False
    verified = speaker.representatives.filter(verified_at__lte=at)
    return not any(row.valid_until is None or at < row.valid_until for row in verified)
