"""Renewals: asking a person again for what they signed before."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from consent import speakers
from consent.errors import WrongState
from consent.lifecycle import (
    request_checks,
    request_grants,
    sealed_fields,
    signing_links,
    transitions,
)
from consent.lifecycle.consent_requests import ConsentRequest, RequestTerms, request_consent
from consent.models import Consent
from consent.policy.state_machine import BINDING, ConsentState
from core import connection_places, transactions
from core.errors import NotFound

_NEVER_IN_PLACE: Final = (ConsentState.DECLINED, ConsentState.LAPSED, ConsentState.REJECTED)
"""States of a newer consent that has not taken the old one's place."""
_RENEWABLE: Final = BINDING | {
    ConsentState.EXPIRED,
    ConsentState.WITHDRAWN,
    ConsentState.TERMINATED,
}


@connection_places.bound_acts
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
    asked otherwise is a warning. Raises as `request_consent` does, WrongState, and
    ConsentSuperseded when a newer consent has taken this one's place.
    """
    old = _lock_renewable_consent(consent_id, organisation_id, livemode=livemode)

    open_one = old.successors.reading(ConsentState.REQUESTED, at=at).first()
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

    # One that had ended keeps its state when a newer one is signed.
    if old.successors.exclude(state__in=_NEVER_IN_PLACE).exists():
        raise transitions.make_superseded_error(old)

    if valid_until is None and duration is None:
        duration = old.duration or _term_length(old)
    terms = _restore_terms(old)
    terms.update({"valid_until": valid_until, "duration": duration, "delivery": delivery})

    return request_consent(
        organisation=old.organisation,
        livemode=livemode,
        speaker_id=old.speaker_id,
        grants=request_grants.restore_scopes(old),
        actor=actor,
        at=at,
        **terms,
    )


def _restore_terms(old: Consent) -> RequestTerms:
    """Return the terms of a consent for a new request. Its length is not among them."""
    written = sealed_fields.open_consent_notes(old)

    return RequestTerms(
        notice=old.notice_version.notice.key,
        locale=old.notice_version.locale,
        assurance="L1" if old.assurance == "L0" else old.assurance,
        jurisdictions=old.jurisdictions,
        providers=old.providers,
        representation=sealed_fields.read_representation(old),
        external_id=written.external_id,
        metadata=written.metadata,
        supersedes=old,
    )


def _lock_renewable_consent(consent_id: str, organisation_id: str, *, livemode: bool) -> Consent:
    """Lock a consent that was signed, its person before it."""
    speakers.lock_speaker_of_consent(consent_id)
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
        raise transitions.make_superseded_error(old)
    if ConsentState(old.state) not in _RENEWABLE:
        raise WrongState("Only what was signed can be renewed.", facts={"state": old.state})
    return old


def _term_length(old: Consent) -> str:
    if old.valid_from is None or old.valid_until is None:
        raise WrongState("Only what was signed can be renewed.", facts={"state": old.state})
    return f"P{max((old.valid_until - old.valid_from).days, 1)}D"
