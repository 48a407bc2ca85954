"""Deliveries: by which way a signing link leaves, to which address, and what proves that it did.

A link that the asker holds proves nothing about the person. So in live mode a channel of ours
carries it, and a link that is handed to the organisation gives a consent of level L0, which permits
nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from consent import wakeups
from consent.errors import AddressMissing, DeliveryPending, DeliveryUnavailable
from consent.models import Consent, Delivery, Evidence
from consent.speakers import Personal
from core import ids, transactions
from core.canonical_json import Json
from core.clock import to_rfc3339
from core.delivery import mail, messages
from core.errors import Fault
from vault import sealed_values, subject_keys

Channel = Delivery.Channel
State = Delivery.State

BY_US: Final = frozenset({Channel.MAIL, Channel.MESSAGE})
"""Channels of ours: what is signed behind such a link was sent to an address of the person."""

BY_LINK: Final = "one_time_link"
BY_CONTROLLER: Final = "link_given_to_controller"
IN_TEST: Final = "link_shown_in_test"


def choose_channel(asked: str | None, *, livemode: bool) -> Channel:
    """Return the channel of a new link. Raises DeliveryUnavailable when live mode has none.

    Test data goes nowhere: its link stands in the answer.
    """
    if asked == Channel.CONTROLLER:
        return Channel.CONTROLLER
    if not livemode:
        return Channel.TEST

    open_ones = {
        Channel.MAIL: mail.is_mail_configured(),
        Channel.MESSAGE: messages.is_gateway_configured(),
    }
    wanted = [channel for channel in open_ones if asked in {None, channel}]
    found = next((channel for channel in wanted if open_ones[channel]), None)
    if found is None:
        raise DeliveryUnavailable(
            "No channel is set up that could bring the link to the person. "
            'Say "delivery": {"channel": "controller"} to get the link yourself. '
            "What is signed there is of level L0."
        )
    return found


def get_delivery_address(personal: Personal, channel: Channel) -> str | None:
    """Return the person's address for a channel.

    Raises AddressMissing when they have none of that kind.
    """
    if channel is Channel.CONTROLLER:
        return None
    wants_phone = channel is Channel.MESSAGE and messages.get_gateway().wants == "phone"
    found = personal.phone if wants_phone else personal.email
    if not found:
        detail = "This channel wants a phone number, and this person has none."
        fault = Fault(code=AddressMissing.code, detail=detail, attr="delivery.channel")
        raise AddressMissing(detail, faults=(fault,))
    return found


@transactions.requires_transaction
def plan_delivery(
    consent: Consent, *, channel: Channel, address: str | None, at: datetime
) -> Delivery:
    """Enter how the current link of a consent leaves.

    One of our channels is queued for a worker, which is woken.
    """
    delivery_id = ids.new("dlv")
    by_us = channel in BY_US
    made = Delivery.objects.create(
        id=delivery_id,
        consent=consent,
        channel=channel,
        sealed=_seal_address(consent, delivery_id, address),
        link_sha256=consent.link_sha256,
        state=State.QUEUED if by_us else State.SENT,
        created_at=at,
        settled_at=None if by_us else at,
    )
    if by_us:
        wakeups.announce_queued_delivery(made.id)
    return made


def get_latest_delivery(consent: Consent) -> Delivery | None:
    """Return the newest delivery of `consent`, or None for one that was entered by import."""
    # Two of one moment are told apart by the bytes of their ids: as text, ids do not sort by time.
    return max(
        consent.deliveries.all(),
        key=lambda one: (one.created_at, ids.to_bytes(one.id)),
        default=None,
    )


def link_is_shown(consent: Consent) -> bool:
    """Return whether the asker may see the link: when they hand it over, or with test data."""
    found = get_latest_delivery(consent)
    return found is not None and found.channel not in BY_US


def get_signing_method(consent: Consent) -> str:
    """Return the method by which a person signs behind the link of this consent.

    Raises DeliveryPending while no server has taken the link.
    """
    found = get_latest_delivery(consent)
    if found is not None and found.channel == Channel.CONTROLLER:
        return BY_CONTROLLER
    if found is not None and found.channel == Channel.TEST and not consent.livemode:
        return IN_TEST
    if not list_delivery_proofs(consent).exists():
        detail = "The server that carries the link has not yet confirmed it. Try again in a minute."
        fault = Fault(code=DeliveryPending.code, detail=detail, attr="name_typed")
        raise DeliveryPending(detail, faults=(fault,))
    return BY_LINK


def list_delivery_proofs(consent: Consent) -> QuerySet[Evidence]:
    """Return the receipts of the servers that took the present link of `consent`, oldest first.

    Receipts of earlier links are left out.
    """
    sent = Delivery.objects.filter(
        consent=consent,
        link_sha256=consent.link_sha256,
        state=State.SENT,
        channel__in=sorted(BY_US),
    )
    return Evidence.objects.filter(id__in=sent.values("evidence_id")).order_by("created_at", "id")


def render_delivery(consent: Consent) -> dict[str, Json] | None:
    """Return the delivery of `consent` as the API shows it, with the address masked."""
    found = get_latest_delivery(consent)
    if found is None:
        return None
    address = open_delivery_address(found, subject=consent.speaker.subject)
    return {
        "channel": found.channel,
        "masked_address": mask_address(address) if address else None,
        "state": found.state,
        "code": found.code or None,
        "settled_at": None if found.settled_at is None else to_rfc3339(found.settled_at),
    }


def open_delivery_address(delivery: Delivery, *, subject: str) -> str | None:
    """Return the address of `delivery`, or None when it has none or the person is erased."""
    if delivery.sealed is None:
        return None
    try:
        value = sealed_values.unseal(subject, _seal_context(delivery.id), bytes(delivery.sealed))
    except subject_keys.KeyDestroyed:
        return None
    return str(value["address"]) if isinstance(value, dict) else None


def mask_address(address: str) -> str:
    """Mask `address` so that its owner recognises it and other readers do not learn it.

    Examples: `a***@e***.org`, `+49***21`.
    """
    local, at, domain = address.rpartition("@")
    if not at:
        return f"{address[:3]}***{address[-2:]}"
    host, dot, last = domain.rpartition(".")
    return f"{local[:1]}***@{(host or last)[:1]}***{dot}{last if host else ''}"


@transactions.requires_transaction
def retire_links(speaker_id: str, *, at: datetime) -> list[Consent]:
    """End the deliveries to an address that the person no longer has, and return the consents whose
    link must change.

    A delivery in the queue fails with `address_changed`. One that a worker holds may still leave,
    but its link opens nothing any more.
    """
    open_ones = Consent.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "speaker"
    )
    found = open_ones.filter(speaker_id=speaker_id, livemode=True, state="requested").order_by("id")
    mine = [
        consent
        for consent in found
        if (last := get_latest_delivery(consent)) is not None and last.channel in BY_US
    ]
    queued = Delivery.objects.filter(consent__in=mine, state=State.QUEUED)
    queued.update(state=State.FAILED, code="address_changed", settled_at=at, lease_until=None)
    return mine


def _seal_address(consent: Consent, delivery_id: str, address: str | None) -> bytes | None:
    if address is None:
        return None
    return sealed_values.seal(
        consent.speaker.subject, _seal_context(delivery_id), {"address": address}
    )


def _seal_context(delivery_id: str) -> str:
    return f"delivery|{delivery_id}"
