"""Links: what the link that a person signed with shows afterwards, and how it ends the consent in
one step.

Withdrawing must be as easy as agreeing (Art. 7(3) GDPR), so the link keeps working for that long
after it can no longer be signed with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models

from accounts import contact_details
from accounts.contact_details import Contact
from accounts.sandbox_clock import now_for
from consent import intended_uses
from consent.documents import plain_language, provider_wording
from consent.documents.provider_wording import ShownProvider
from consent.lifecycle import signing_links, transitions
from consent.models import Consent, ErasedLink, Grant
from consent.policy import change_reasons
from consent.policy.state_machine import BINDING, ConsentState
from consent.signing.open_requests import LinkNotFound
from core import transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """One purpose that the person agreed to, with its uses and limits as they hold."""

    title: str
    intended_uses: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """What became of a request: its state today, whom to ask, and what the person agreed to.

    `providers` are those that are left, with what the person was told of each when they signed.
    `not_me` says that the link was closed because it had reached another person.
    """

    consent_id: str
    state: ConsentState
    locale: str
    test: bool
    organisation: str
    contact: Contact
    signed_at: datetime | None
    valid_until: datetime | None
    ended_at: datetime | None
    record_sha256: str
    agreed: tuple[Agreed, ...]
    providers: tuple[ShownProvider, ...] = ()
    not_me: bool = False

    @property
    def may_withdraw(self) -> bool:
        """Whether there is something left to withdraw."""
        return self.state in BINDING


def get_link_time(token: str, *, wall_time: datetime) -> datetime:
    """Return the present time for the request of this link. A request of the sandbox follows its
    organisation's test clock.
    """
    consent = _consents_of_link(token).first()
    return (
        now_for(consent.organisation, livemode=consent.livemode, wall_time=wall_time)
        if consent
        else wall_time
    )


def get_link_status(token: str, *, at: datetime) -> LinkStatus:
    """Return what became of the request behind a link, also once its person was erased.

    Raises LinkNotFound.
    """
    if (erased := _find_erased_status(token)) is not None:
        return erased
    consent = _get_consent(token)
    agreed = consent.grants.filter(declined_at=None, removed_at=None).order_by("position")
    locale = consent.notice_version.locale
    return LinkStatus(
        consent_id=consent.id,
        state=consent.state_at(at),
        locale=locale,
        test=not consent.livemode,
        organisation=consent.organisation.name,
        contact=contact_details.get_contact(consent.organisation),
        signed_at=consent.signed_at,
        valid_until=consent.valid_until,
        ended_at=consent.ended_at,
        record_sha256=consent.record_sha256,
        agreed=_list_agreed(agreed, consent, locale) if consent.signed_at else (),
        providers=_list_providers(consent, locale) if consent.signed_at else (),
        not_me=consent.remarks.filter(code=change_reasons.NOT_ME).exists(),
    )


def is_link_of_erased(token: str) -> bool:
    """Return whether the person behind a link was erased."""
    return _find_erased_status(token) is not None


def _list_agreed(grants: Iterable[Grant], consent: Consent, locale: str) -> tuple[Agreed, ...]:
    rows = list(grants)
    written = intended_uses.open_words_of_grants(rows, consent.speaker.subject)
    read = {
        grant.id: intended_uses.find_words(grant.scope, written.get(grant.id, ())) for grant in rows
    }
    return tuple(
        Agreed(
            title=plain_language.name_use_case(grant.use_case, locale),
            intended_uses=found.text if (found := read[grant.id]) else "",
            sentences=plain_language.describe_scope(grant.scope, locale),
        )
        for grant in rows
    )


def _list_providers(consent: Consent, locale: str) -> tuple[ShownProvider, ...]:
    signed = provider_wording.describe_signed_providers(bytes(consent.record or b""), locale)
    return tuple(one for one in signed if one.code in consent.providers)


def _find_erased_status(token: str) -> LinkStatus | None:
    """Return the status of a link whose person was erased: only which organisation they had
    answered is left. Return None for any other link.
    """
    found = (
        ErasedLink.objects.select_related("organisation")
        .filter(link_sha256=signing_links.hash_link_token(token[:200]))
        .first()
    )
    if found is None:
        return None
    return LinkStatus(
        consent_id="",
        state=ConsentState.ERASED,
        locale=found.locale,
        test=not found.livemode,
        organisation=found.organisation.name,
        contact=contact_details.get_contact(found.organisation),
        signed_at=None,
        valid_until=None,
        ended_at=None,
        record_sha256="",
        agreed=(),
    )


@transactions.opens_transaction
def withdraw_signed_consent(token: str, *, at: datetime) -> Consent:
    """End the consent behind a link at once and for good, as its speaker. Idempotent in effect.

    Raises LinkNotFound.

    A request without a signature is declined by its own button, so here it stays as it is.
    """
    consent = _get_consent(token)
    if consent.state_at(at) not in BINDING:
        return consent
    return transitions.withdraw_consent(
        consent.id,
        organisation_id=consent.organisation_id,
        livemode=consent.livemode,
        reason=change_reasons.REQUESTED_BY_PERSON,
        actor=f"speaker:{consent.speaker_id}",
        at=at,
    )


def get_signed_consent(token: str) -> Consent:
    """Return the signed consent behind a link, for its receipt.

    Raises LinkNotFound when there is none.
    """
    consent = _get_consent(token)
    if consent.signed_at is None:
        raise LinkNotFound("There is no signed consent behind this link.")
    return consent


def _get_consent(token: str) -> Consent:
    consent = _consents_of_link(token).select_related("notice_version__notice", "speaker").first()
    if consent is None or consent.state == ConsentState.DRAFT:
        raise LinkNotFound("There is no such link.")
    return consent


def _consents_of_link(token: str) -> models.QuerySet[Consent]:
    return Consent.objects.filter(
        link_sha256=signing_links.hash_link_token(token[:200])
    ).select_related("organisation")
