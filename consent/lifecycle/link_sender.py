"""Sending: a worker takes what is queued, hands it to the server, and keeps what the server said as
evidence.

The row is the truth: claimed for a lease by one conditional UPDATE, tried again with growing
pauses, settled once.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from consent import log_events, speakers
from consent.documents import signing_letter
from consent.lifecycle import link_deliveries, signing_links
from consent.lifecycle.link_deliveries import Channel, State
from consent.models import Consent, Delivery, Evidence, Speaker
from core import canonical_json, ids, lease_renewal, leases
from core.background_tasks import is_stopping
from core.canonical_json import Json
from core.clock import Clock, to_rfc3339
from core.contained_faults import contain_fault
from core.delivery import mail, messages
from core.delivery.letters import Accepted, ChannelUnavailable, Letter, LetterRefused
from core.leases import Backoff, LeaseLost
from vault import blobs

logger = logging.getLogger(__name__)

ACTOR: Final = "system:delivery"
BACKOFF: Final = Backoff(first=timedelta(seconds=15), longest=timedelta(hours=1))
MOST_ATTEMPTS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Claimed:
    """A delivery in hand, under a lease."""

    delivery: Delivery
    letter: Letter


def send_pending(*, now: Clock, limit: int = 200) -> int:
    """Send everything that is due, and return how many letters a server took.

    Safe to run beside itself.
    """
    due = Delivery.objects.filter(leases.is_claimable(now()), state=State.QUEUED).order_by(
        "due_at", "id"
    )
    sent = 0
    for found in list(due.values_list("id", flat=True)[:limit]):
        if is_stopping():
            break
        with contain_fault("a link was not sent", delivery=found):
            sent += send_one(found, now=now)
    return sent


def send_one(delivery_id: str, *, now: Clock) -> bool:
    """Send one delivery if it is due and free to claim. Return whether a server took it.

    Whatever goes wrong, the delivery is queued again with a longer pause. Raises what is no fault
    of the server.
    """
    claimed = _claim_delivery(delivery_id, at=now())
    if claimed is None:
        return False

    facts = {
        "delivery": delivery_id,
        "channel": claimed.delivery.channel,
        "attempt": claimed.delivery.attempt,
    }
    logger.info("sending a link", extra=facts)
    try:
        with lease_renewal.keep_leases(leases.select_held(claimed.delivery), now=now):
            accepted = _hand_over(claimed)
            logger.info("a link was taken", extra={**facts, "status": accepted.status})
            return _note_success(claimed, accepted, at=now())
    except (ChannelUnavailable, LetterRefused) as error:
        logger.warning("a link was not taken", extra={**facts, "code": error.stable_code})
        _note_failure(claimed, error, at=now())
        return False
    except Exception:
        leases.return_to_queue(claimed.delivery, at=now(), backoff=BACKOFF, code="internal")
        raise


@transaction.atomic
def _claim_delivery(delivery_id: str, *, at: datetime) -> _Claimed | None:
    """Claim the delivery and log that its link is about to leave.

    Return None when it is not free. When the request is over, settle the delivery as failed and
    return None as well.
    """
    queued = Delivery.objects.select_related(
        "consent__speaker", "consent__organisation", "consent__notice_version__notice"
    ).filter(id=delivery_id, state=State.QUEUED)
    row = leases.claim(queued, at=at)
    if row is None:
        return None

    letter = _write_letter(row, at=at)
    if letter is None:
        leases.complete(row, state=State.FAILED, code="request_over", settled_at=at)
        _log_delivery(row, "delivery.failed", {"code": "request_over"}, at=at)
        return None
    _log_delivery(row, "delivery.started", {"attempt": row.attempt}, at=at)
    return _Claimed(delivery=row, letter=letter)


def _write_letter(row: Delivery, *, at: datetime) -> Letter | None:
    """Return the letter of the delivery `row`.

    Return None when the request is over, the link has changed, or the person is erased.
    """
    consent = row.consent
    personal = speakers.open_personal(consent.speaker)
    address = link_deliveries.open_delivery_address(row, subject=consent.speaker.subject)
    link = signing_links.get_signing_link(consent, at=at)
    if (
        personal is None
        or address is None
        or link is None
        or row.link_sha256 != consent.link_sha256
    ):
        return None
    if consent.speaker.state != Speaker.State.ACTIVE:
        return None
    short = row.channel == Channel.MESSAGE and messages.get_gateway().wants == "phone"
    return signing_letter.write_signing_letter(
        consent, to=address, name=personal.name, link=link, reference=row.id, short=short
    )


def _hand_over(claimed: _Claimed) -> Accepted:
    """Pass the letter to the server of its channel, and return that server's receipt.

    Raises ChannelUnavailable, LetterRefused.
    """
    if claimed.delivery.channel == Channel.MAIL:
        if not mail.is_mail_configured():
            raise ChannelUnavailable("Mail is no longer a channel here.")
        return mail.send_mail(claimed.letter)
    return messages.send_message(claimed.letter)


@transaction.atomic
def _note_success(claimed: _Claimed, accepted: Accepted, *, at: datetime) -> bool:
    """Keep the server's words as evidence, settle the row and log it.

    False when the row is another's by now.
    """
    row = claimed.delivery
    proof: dict[str, Json] = {
        "kind": "mail_proof",
        "consent": row.consent_id,
        "delivery": row.id,
        "channel": row.channel,
        "address": claimed.letter.to,
        "server": accepted.server,
        "status": accepted.status,
        "answer": accepted.answer,
        "link_sha256": row.link_sha256,
        "at": to_rfc3339(at),
        "salt": secrets.token_hex(32),
    }
    data = canonical_json.dump(proof)
    if not leases.select_held(row).select_for_update(no_key=True).exists():
        return False
    evidence = Evidence.objects.create(
        id=ids.new("evd"),
        consent=row.consent,
        kind="mail_proof",
        sha256=hashlib.sha256(data).hexdigest(),
        blob=blobs.store_blob(
            subject=row.consent.speaker.subject, kind="evidence", data=data, at=at
        ),
        created_at=at,
    )
    leases.complete(row, state=State.SENT, evidence=evidence, settled_at=at)
    body: dict[str, Json] = {"evidence": evidence.sha256, "status": accepted.status}
    _log_delivery(row, "delivery.sent", body, at=at)
    return True


@transaction.atomic
def _note_failure(
    claimed: _Claimed, error: ChannelUnavailable | LetterRefused, *, at: datetime
) -> None:
    """Queue the row again with a longer pause, or give up: when it is refused for good, or after
    ten attempts.
    """
    row, code = claimed.delivery, error.stable_code
    over = isinstance(error, LetterRefused) or row.attempt >= MOST_ATTEMPTS

    try:
        if over:
            leases.complete(row, state=State.FAILED, code=code, settled_at=at)
        else:
            leases.retry_later(row, at=at, backoff=BACKOFF, code=code)
    except LeaseLost:
        return  # the worker that has it by now writes what became of it

    _log_delivery(row, "delivery.failed", {"code": code, "final": over}, at=at)


def _log_delivery(row: Delivery, kind: str, body: dict[str, Json], *, at: datetime) -> None:
    consent: Consent = row.consent
    log_events.log_consent_event(
        consent, kind, at=at, actor=ACTOR, body={"delivery": row.id, "channel": row.channel, **body}
    )
