"""Sheets: everything that the signing page shows of one request, in the language of its notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import contact_details
from accounts.contact_details import Contact
from consent import intended_uses, speakers
from consent.documents import plain_language, provider_wording, term_wording
from consent.documents.provider_wording import ShownProvider
from consent.lifecycle import request_checks
from consent.models import Consent, Grant
from consent.policy.providers import PROVIDERS
from core import durations


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSection:
    """One part of the notice. `field` is its place in Art. 13 GDPR."""

    field: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGrant:
    """One purpose with its box. `sentences` put the scope in plain words. `title` names the use."""

    id: str
    title: str
    intended_uses: str
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SigningView:
    """Everything that the signing page shows, in the language of the notice."""

    consent_id: str
    locale: str
    test: bool
    organisation: str
    contact: Contact
    assurance: str
    speaker_name: str
    title: str
    introduction: str
    sections: tuple[NoticeSection, ...]
    providers: tuple[ShownProvider, ...]
    grants: tuple[ShownGrant, ...]
    term: str
    statement: str
    notice_version: int
    notice_sha256: str
    representation: str
    decide_by: datetime


def compute_term(consent: Consent, at: datetime) -> tuple[datetime, datetime]:
    """Return the term that signing at `at` would give, [from, until).

    Empty when the asked end has come.
    """
    start = max(consent.asked_from or at, at)
    end = consent.asked_until or min(
        durations.parse_duration(consent.duration).after(start),
        request_checks.compute_latest_end(start),
    )
    return start, end


def build_signing_view(consent: Consent) -> SigningView:
    """Return what the page shows of a request.

    It is the same at every time, so that it can be evidence.
    """
    personal = speakers.open_personal(consent.speaker)
    version = consent.notice_version
    body: dict[str, Any] = version.body
    organisation = consent.organisation
    return SigningView(
        consent_id=consent.id,
        locale=version.locale,
        test=not consent.livemode,
        organisation=organisation.name,
        contact=contact_details.get_contact(organisation),
        assurance=consent.assurance,
        speaker_name=personal.name if personal else "",
        title=body["title"],
        introduction=body["introduction"],
        sections=tuple(
            NoticeSection(field=part["field"], title=part["title"], text=part["text"])
            for part in body["sections"]
        ),
        providers=provider_wording.describe_providers(
            (PROVIDERS[code] for code in consent.providers), version.locale
        ),
        grants=_build_grant_views(consent, version.locale),
        term=term_wording.describe_asked_term(
            start=consent.asked_from,
            end=consent.asked_until,
            duration=consent.duration,
            locale=version.locale,
        ),
        statement=body["statement"],
        notice_version=version.version,
        notice_sha256=version.sha256,
        representation=consent.representation,
        decide_by=min(consent.link_expires_at, consent.asked_until or consent.link_expires_at),
    )


def _build_grant_views(consent: Consent, locale: str) -> tuple[ShownGrant, ...]:
    grants = list(consent.grants.order_by("position"))
    words_of = intended_uses.open_words_of_grants(grants, consent.speaker.subject)
    return tuple(_build_grant_view(grant, words_of.get(grant.id, ()), locale) for grant in grants)


def _build_grant_view(
    grant: Grant, written: tuple[intended_uses.IntendedUseWords, ...], locale: str
) -> ShownGrant:
    read = intended_uses.find_words(grant.signed, written)
    return ShownGrant(
        id=grant.id,
        title=plain_language.name_use_case(grant.use_case, locale),
        intended_uses=read.text if read else "",
        sentences=plain_language.describe_scope(grant.signed, locale),
        warnings=plain_language.describe_warnings(grant.signed, locale),
    )
