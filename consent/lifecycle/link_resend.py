"""Sends a link again: after a failure, or when the person has lost it.

The number of times is bounded, so that no person can be pestered.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from consent import speakers
from consent.errors import NotSentByUs, SpeakerErased, WrongState
from consent.lifecycle import link_deliveries, signing_links
from consent.lifecycle.link_deliveries import BY_US, Channel, State
from consent.models import Consent, Delivery, Speaker
from core import connection_places, transactions
from core.errors import NotFound, RateLimited

APART: Final = timedelta(minutes=10)
"""A link that left so recently is not sent again: asking twice sends once."""

MOST: Final = 10
"""How often one request may be sent to its person in all."""


@connection_places.bound_acts
@transactions.opens_transaction
def resend_link(
    consent_id: str,
    *,
    organisation_id: str,
    livemode: bool,
    actor: str,  # noqa: ARG001 - the shape of an act
    at: datetime,
) -> Consent:
    """Queue the link of an open request again, to the address that the person has now.

    Idempotent: while a delivery waits, or left in the last ten minutes, nothing changes. Raises
    NotFound, WrongState, NotSentByUs, SpeakerErased, RateLimited, DeliveryUnavailable,
    AddressMissing.
    """
    speakers.lock_speaker_of_consent(consent_id)
    rows = Consent.objects.of(organisation_id, livemode=livemode).select_for_update(
        no_key=True, of=("self",)
    )
    consent = rows.select_related("speaker", "organisation").filter(id=consent_id).first()
    if consent is None:
        raise NotFound("There is no such consent.")
    if signing_links.get_signing_link(consent, at=at) is None:
        raise WrongState("Only an open request can be sent.", facts={"state": consent.state})

    last = link_deliveries.get_latest_delivery(consent)
    if last is None or last.channel not in BY_US:
        raise NotSentByUs("This link was not sent by us.")
    if _is_on_its_way(last, at=at):
        return consent
    _refuse_too_many(consent)

    personal = speakers.open_personal(consent.speaker)
    if personal is None or consent.speaker.state != Speaker.State.ACTIVE:
        raise SpeakerErased("This speaker is being erased or has been.")
    channel = link_deliveries.choose_channel(Channel(last.channel), livemode=livemode)
    address = link_deliveries.get_delivery_address(personal, channel)
    if (
        address != link_deliveries.open_delivery_address(last, subject=consent.speaker.subject)
        and last.link_sha256 == consent.link_sha256
    ):
        # What went to another address must not open anything: the proof of a link belongs to one
        # address.
        signing_links.change_link(consent)
    link_deliveries.plan_delivery(consent, channel=channel, address=address, at=at)
    return consent


def may_be_sent(consent: Consent, *, at: datetime) -> bool:
    """Return whether the link can be sent again: it can still be signed with, and one of our
    channels carried it.
    """
    last = link_deliveries.get_latest_delivery(consent)
    return (
        last is not None
        and last.channel in BY_US
        and signing_links.get_signing_link(consent, at=at) is not None
    )


def _is_on_its_way(last: Delivery, *, at: datetime) -> bool:
    if last.state == State.QUEUED:
        return True
    return last.state == State.SENT and last.settled_at is not None and at < last.settled_at + APART


def _refuse_too_many(consent: Consent) -> None:
    if consent.deliveries.count() >= MOST:
        raise RateLimited(
            "This request was sent as often as one may be. Ask again with a new one.",
            retry_after=86_400,
        )
