"""Consent requests: asking a person for consent.

A request is fixed once it is made. Only the answer is open.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict, Unpack

from accounts import contact_details
from accounts.models import Organisation
from consent import comparison_consent, connected_providers, log_events, speakers
from consent.documents import notices
from consent.errors import AssuranceUnavailable, ContactMissing, SpeakerErased
from consent.lifecycle import (
    link_deliveries,
    request_checks,
    request_grants,
    sealed_fields,
    signing_links,
    usability_warnings,
)
from consent.models import Consent, Grant, Speaker
from consent.policy import grant_scope
from consent.policy.state_machine import ConsentState
from consent.speakers import Personal
from core import ids, transactions
from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import Fault
from vault import sealed_notes

LINK_LASTS: Final = timedelta(days=14)
_LEVEL: Final = "L1"
_HANDED_OVER: Final = (
    "The link is handed to the organisation, so its signature is of level L0. L0 permits nothing."
)


class RequestTerms(TypedDict, total=False):
    """What a request asks for beside its grants.

    What is left out has a default: the notice of voice cloning in `en`, the level L1, no
    jurisdictions, no representation, no notes, and of providers the built-in engine with those that
    are connected now. `delivery` names the channel of the link. With
    `controller` the asker hands the link over, and the consent is of level L0.
    """

    notice: str
    locale: str
    assurance: str
    jurisdictions: Sequence[str]
    providers: Sequence[str] | None
    valid_from: datetime | None
    valid_until: datetime | None
    duration: str | None
    representation: Mapping[str, Json] | None
    external_id: str | None
    metadata: Mapping[str, str] | None
    supersedes: Consent | None
    delivery: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConsentRequest:
    """A request as made: the consent, and what should be worded better.

    `signing_url` is the link to sign it, a secret. It is None when a channel of ours carries it,
    and no one else sees it.
    """

    consent: Consent
    signing_url: str | None
    warnings: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Link:
    """How the link of a request leaves, and the level that a signature by it has."""

    channel: link_deliveries.Channel
    address: str | None
    level: str


@transactions.opens_transaction
def request_consent(
    *,
    organisation: Organisation,
    livemode: bool,
    speaker_id: str,
    grants: Sequence[Mapping[str, Any]],
    actor: str,
    at: datetime,
    **terms: Unpack[RequestTerms],
) -> ConsentRequest:
    """Ask a person for consent, and return the request with its link and warnings.

    `grants` have the shape of the API. The term is either `duration` or `valid_until`, never both
    or neither.

    1. Lock the speaker. Check the asker, the term and the grants.
    2. Choose the channel of the link. The level of the consent follows from it.
    3. Store the consent and its grants under the latest notice.
    4. Plan the delivery of the link, and log the request.

    Raises NotFound, SpeakerErased, ContactMissing, Invalid with one fault for each mistake,
    AssuranceUnavailable, AddressMissing, DeliveryUnavailable.
    """
    # 1.
    speaker = _lock_askable_speaker(speaker_id, organisation_id=organisation.id, livemode=livemode)
    scopes, warnings = _check_request(organisation, grants, terms, livemode=livemode, at=at)

    # 2.
    link = _choose_link(speaker, terms)

    # 3.
    consent = _create_consent(organisation, speaker, link, terms, at=at)
    known = request_grants.open_known_words(consent.supersedes)
    made = request_grants.create_grants(consent, scopes, known=known)

    # 4.
    _plan_link(consent, made, link, actor=actor, at=at)

    return ConsentRequest(
        consent=consent,
        signing_url=signing_links.get_signing_url(consent, at=at),
        warnings=(
            *warnings,
            *usability_warnings.warn_of_useless_grants(
                scopes, level=link.level, livemode=livemode, policy=organisation.policy
            ),
            *usability_warnings.warn_of_silent_limits(grants),
            *_warn_of_link_and_notice(consent, terms),
        ),
    )


def _check_request(
    organisation: Organisation,
    grants: Sequence[Mapping[str, Any]],
    terms: RequestTerms,
    *,
    livemode: bool,
    at: datetime,
) -> tuple[list[grant_scope.Scope], tuple[Fault, ...]]:
    """Check the asker and the term, and return the scopes of the grants with warnings."""
    if livemode and not contact_details.get_contact(organisation).contact:
        raise ContactMissing(
            "Set the organisation's contact first, in the admin or by `PATCH /v1/organisation`."
        )

    assurance = terms.get("assurance", _LEVEL)
    if livemode and assurance not in usability_warnings.SIGNED_LEVELS:
        raise AssuranceUnavailable(
            f"Signing at {assurance} is not set up here.",
            faults=(Fault(code="assurance_unavailable", detail="Ask for L1.", attr="assurance"),),
        )

    request_checks.check_term(
        terms.get("valid_from"), terms.get("valid_until"), terms.get("duration"), at=at
    )

    return request_checks.read_grants(grants)


def _choose_link(speaker: Speaker, terms: RequestTerms) -> _Link:
    channel = link_deliveries.choose_channel(terms.get("delivery"), livemode=speaker.livemode)
    address = link_deliveries.get_delivery_address(_require_personal(speaker), channel)
    level = request_checks.choose_level(terms.get("assurance", _LEVEL), channel)

    return _Link(channel=channel, address=address, level=level)


def _create_consent(
    organisation: Organisation, speaker: Speaker, link: _Link, terms: RequestTerms, *, at: datetime
) -> Consent:
    """Store the consent with the hash of a new link, and its private fields and notes sealed."""
    consent_id = ids.new("con")
    token = secrets.token_urlsafe(32)
    representation = dict(terms.get("representation") or {"kind": "none"})
    private: dict[str, Json] = {"link": token, "representation": representation}

    return Consent.objects.create(
        id=consent_id,
        organisation=organisation,
        livemode=speaker.livemode,
        speaker=speaker,
        notice_version=notices.get_latest_notice(
            terms.get("notice", notices.VOICE_CLONING), terms.get("locale", "en"), at=at
        ),
        jurisdictions=list(terms.get("jurisdictions", ())),
        providers=_choose_providers(speaker, terms),
        assurance=link.level,
        representation=str(representation.get("kind", "none")),
        sealed=sealed_fields.seal_private_fields(speaker.subject, consent_id, private),
        created_at=at,
        asked_from=terms.get("valid_from"),
        asked_until=terms.get("valid_until"),
        duration=terms.get("duration") or "",
        link_sha256=signing_links.hash_link_token(token),
        link_expires_at=min(at + LINK_LASTS, terms.get("valid_until") or at + LINK_LASTS),
        state=ConsentState.REQUESTED,
        supersedes=terms.get("supersedes"),
        **sealed_notes.seal_notes(
            Notes(external_id=terms.get("external_id") or "", metadata=terms.get("metadata") or {}),
            subjects=(speaker.subject,),
            row_id=consent_id,
            organisation_id=organisation.id,
            at=at,
        ),
    )


def _choose_providers(speaker: Speaker, terms: RequestTerms) -> list[str]:
    asked = terms.get("providers")
    if asked is not None:
        return request_checks.read_providers(asked)

    return connected_providers.list_default_providers(
        speaker.organisation_id, livemode=speaker.livemode
    )


def _plan_link(
    consent: Consent, grants: Sequence[Grant], link: _Link, *, actor: str, at: datetime
) -> None:
    """Plan how the link leaves, and log the request as the last statement."""
    link_deliveries.plan_delivery(consent, channel=link.channel, address=link.address, at=at)

    body = request_grants.describe_request(consent, grants)
    if consent.supersedes_id is not None:
        body["supersedes"] = consent.supersedes_id
    body["channel"] = str(link.channel)

    log_events.log_consent_event(consent, "consent.requested", at=at, actor=actor, body=body)


def _warn_of_link_and_notice(consent: Consent, terms: RequestTerms) -> tuple[Fault, ...]:
    """Return a warning of a lowered level, and those of the notice."""
    warnings = tuple(
        comparison_consent.warnings_for(consent.notice_version, consent.organisation_id)
    )
    if consent.assurance == terms.get("assurance", _LEVEL):
        return warnings

    return (Fault(code="assurance_lowered", detail=_HANDED_OVER, attr="assurance"), *warnings)


def _lock_askable_speaker(speaker_id: str, *, organisation_id: str, livemode: bool) -> Speaker:
    """Return the speaker, locked: a freeze waits for this request or refuses it."""
    speakers.get_speaker(speaker_id, organisation_id=organisation_id, livemode=livemode)
    speaker = Speaker.objects.select_for_update(no_key=True).get(id=speaker_id)
    if speaker.state != Speaker.State.ACTIVE:
        raise SpeakerErased(
            "This speaker is being erased or has been.", facts={"state": speaker.state}
        )
    return speaker


def _require_personal(speaker: Speaker) -> Personal:
    found = speakers.open_personal(speaker)
    if found is None:
        raise SpeakerErased("This speaker has been erased.")
    return found
