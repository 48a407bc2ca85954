"""Consent requests: asking a person for consent, and asking them again.

A request is fixed once it is made. Only the answer is open.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from accounts import contact_details
from accounts.models import Organisation
from consent import comparison_consent, log_events, speakers
from consent.documents import notices
from consent.errors import (
    AssuranceUnavailable,
    ConsentSuperseded,
    ContactMissing,
    SpeakerGone,
    WrongState,
)
from consent.lifecycle import (
    link_deliveries,
    request_checks,
    request_grants,
    sealed_fields,
    signing_links,
    transitions,
)
from consent.models import Consent, Speaker
from consent.policy.state_machine import STANDING, ConsentState
from consent.speakers import Personal
from core import ids, transactions
from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import Fault, NotFound
from vault import sealed_notes

LINK_LASTS: Final = timedelta(days=14)
_REACHABLE_LIVE: Final = frozenset({"L1"})
_HANDED_OVER: Final = (
    "The link is handed to the organisation, so its signature is of level L0. L0 permits nothing."
)
_RENEWABLE: Final = STANDING | {
    ConsentState.EXPIRED,
    ConsentState.WITHDRAWN,
    ConsentState.TERMINATED,
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConsentRequest:
    """A request as made: the consent, and what should be worded better.

    `signing_url` is the link to sign it, a secret. It is None when a channel of ours carries it,
    and no one else sees it.
    """

    consent: Consent
    signing_url: str | None
    warnings: tuple[Fault, ...]


@transactions.opens_transaction
def request_consent(
    *,
    organisation: Organisation,
    livemode: bool,
    speaker_id: str,
    grants: Sequence[Mapping[str, Any]],
    actor: str,
    at: datetime,
    notice: str = notices.VOICE_CLONING,
    locale: str = "en",
    assurance: str = "L1",
    jurisdictions: Sequence[str] = (),
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    duration: str | None = None,
    representation: Mapping[str, Json] | None = None,
    external_id: str = "",
    metadata: Mapping[str, str] | None = None,
    supersedes: Consent | None = None,
    delivery: str | None = None,
) -> ConsentRequest:
    """Ask a person for consent, and return the request with its link and warnings.

    `grants` have the shape of the API. The term is either `duration` or `valid_until`, never both
    or neither.

    `delivery` names the channel of the link. With `controller` the asker hands the link over, and
    the consent is of level L0.

    Raises NotFound, SpeakerGone, ContactMissing, Invalid with one fault for each mistake,
    AssuranceUnavailable, AddressMissing, DeliveryUnavailable.
    """
    speaker = _lock_askable_speaker(speaker_id, organisation_id=organisation.id, livemode=livemode)
    if livemode and not contact_details.get_contact(organisation).contact:
        raise ContactMissing(
            "Set the organisation's contact first, in the admin or by `PATCH /v1/organisation`."
        )
    if livemode and assurance not in _REACHABLE_LIVE:
        raise AssuranceUnavailable(
            f"Signing at {assurance} is not set up here.",
            faults=(Fault(code="assurance_unavailable", detail="Ask for L1.", attr="assurance"),),
        )
    request_checks.check_term(valid_from, valid_until, duration, at=at)
    read, warnings = request_checks.read_grants(grants)
    channel = link_deliveries.choose_channel(delivery, livemode=livemode)
    address = link_deliveries.get_delivery_address(_require_personal(speaker), channel)
    level = request_checks.choose_level(assurance, channel)
    if level != assurance:
        warnings += (Fault(code="assurance_lowered", detail=_HANDED_OVER, attr="assurance"),)
    token = secrets.token_urlsafe(32)
    private: dict[str, Json] = {
        "link": token,
        "representation": dict(representation or {"kind": "none"}),
    }
    version = notices.get_latest_notice(notice, locale, at=at)
    warnings += comparison_consent.warnings_for(version, organisation.id)
    consent_id = ids.new("con")
    consent = Consent.objects.create(
        id=consent_id,
        organisation=organisation,
        livemode=livemode,
        speaker=speaker,
        notice_version=version,
        jurisdictions=list(jurisdictions),
        assurance=level,
        representation=str((representation or {}).get("kind", "none")),
        sealed=sealed_fields.seal_private_fields(speaker.subject, consent_id, private),
        created_at=at,
        asked_from=valid_from,
        asked_until=valid_until,
        duration=duration or "",
        link_sha256=signing_links.hash_link_token(token),
        link_expires_at=min(at + LINK_LASTS, valid_until or at + LINK_LASTS),
        state=ConsentState.REQUESTED,
        supersedes=supersedes,
        **sealed_notes.seal_notes(
            Notes(external_id=external_id, metadata=metadata or {}),
            subjects=(speaker.subject,),
            row_id=consent_id,
            organisation_id=organisation.id,
            at=at,
        ),
    )
    made = request_grants.create_grants(
        consent, read, known=request_grants.open_known_words(supersedes)
    )
    body = request_grants.describe_request(consent, made)
    if supersedes is not None:
        body["supersedes"] = supersedes.id
    body["channel"] = str(channel)
    link_deliveries.plan_delivery(consent, channel=channel, address=address, at=at)
    log_events.log_consent_event(consent, "consent.requested", at=at, actor=actor, body=body)
    return ConsentRequest(
        consent=consent,
        signing_url=signing_links.get_signing_url(consent, at=at),
        warnings=warnings,
    )


@transactions.opens_transaction
def renew_consent(
    consent_id: str,
    *,
    organisation_id: str,
    livemode: bool,
    actor: str,
    at: datetime,
    valid_until: datetime | None = None,
    duration: str | None = None,
    delivery: str | None = None,
) -> ConsentRequest:
    """Ask for the same again, for as long as before or as given.

    Signing it takes the old one's place.

    The level of the new one is that of its own link: what was L0 asks for L1 again, by a channel of
    ours, or stays L0. Idempotent: while a request to renew is open, that one is given, and what was
    asked otherwise is a warning. Raises as `request_consent` does, and WrongState.
    """
    old = _lock_renewable_consent(consent_id, organisation_id, livemode=livemode)
    open_one = old.successors.filter(state=ConsentState.REQUESTED, link_expires_at__gt=at).first()
    if open_one is not None:
        warnings = request_checks.warn_of_differences(
            open_one, valid_until=valid_until, duration=duration, delivery=delivery
        )
        return ConsentRequest(
            consent=open_one,
            signing_url=signing_links.get_signing_url(open_one, at=at),
            warnings=warnings,
        )
    for stale in old.successors.filter(state=ConsentState.REQUESTED).order_by("id"):
        transitions.lapse_request(stale.id, actor=actor, at=at)
    if valid_until is None and duration is None:
        duration = old.duration or _term_length(old)
    written = sealed_fields.notes_of(old)
    return request_consent(
        organisation=old.organisation,
        livemode=livemode,
        speaker_id=old.speaker_id,
        grants=request_grants.restore_scopes(old),
        notice=old.notice_version.notice.key,
        locale=old.notice_version.locale,
        assurance="L1" if old.assurance == "L0" else old.assurance,
        jurisdictions=old.jurisdictions,
        valid_until=valid_until,
        duration=duration,
        representation=sealed_fields.representation_of(old),
        external_id=written.external_id,
        metadata=written.metadata,
        supersedes=old,
        delivery=delivery,
        actor=actor,
        at=at,
    )


def _lock_renewable_consent(consent_id: str, organisation_id: str, *, livemode: bool) -> Consent:
    """Lock a consent that was signed, its person before it."""
    speakers.lock_speaker_of(consent_id)
    rows = Consent.objects.of(organisation_id, livemode=livemode).select_for_update(
        no_key=True, of=("self",)
    )
    old = (
        rows.select_related("organisation", "speaker", "notice_version__notice")
        .filter(id=consent_id)
        .first()
    )

    if old is None:
        raise NotFound("There is no such consent.")
    if old.state == ConsentState.SUPERSEDED:
        raise _superseded_error(old)
    if ConsentState(old.state) not in _RENEWABLE:
        raise WrongState("Only what was signed can be renewed.", facts={"state": old.state})
    return old


def _lock_askable_speaker(speaker_id: str, *, organisation_id: str, livemode: bool) -> Speaker:
    """Return the speaker, locked: a freeze waits for this request or refuses it."""
    speakers.get_speaker(speaker_id, organisation_id=organisation_id, livemode=livemode)
    speaker = Speaker.objects.select_for_update(no_key=True).get(id=speaker_id)
    if speaker.state != Speaker.State.ACTIVE:
        raise SpeakerGone(
            "This speaker is being erased or has been.", facts={"state": speaker.state}
        )
    return speaker


def _require_personal(speaker: Speaker) -> Personal:
    found = speakers.open_personal(speaker)
    if found is None:
        raise SpeakerGone("This speaker has been erased.")
    return found


def _term_length(old: Consent) -> str:
    if old.valid_from is None or old.valid_until is None:
        raise WrongState("Only what was signed can be renewed.", facts={"state": old.state})
    return f"P{max((old.valid_until - old.valid_from).days, 1)}D"


def _superseded_error(old: Consent) -> ConsentSuperseded:
    newer = old.successors.filter(signed_at__isnull=False).first()
    return ConsentSuperseded(
        "A newer consent has taken this one's place.",
        facts={"superseded_by": newer.id if newer else None},
    )
