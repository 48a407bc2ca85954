"""Signing: what a person sees behind their one-time link, and what their yes or no does.

The pages show a SigningView and call `sign_consent` or `decline_request`; nothing is ticked
beforehand. Level L1: we sent the link to an address of the person and have the server's word for
it, they typed their name, and ticked each purpose that they agree to. Level L0: the link was handed
to the asker, so nobody knows who signed; that permits nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, QuerySet

from consent import intended_uses, log_events, row_macs, speakers, wakeups
from consent.documents import consent_record
from consent.errors import AssuranceUnavailable, WrongState
from consent.lifecycle import consent_requests, holds, link_deliveries
from consent.lifecycle.consent_moves import move_consent, record_reason
from consent.models import Consent, Evidence, Grant, Speaker
from consent.policy import change_reasons
from consent.policy.change_reasons import Act
from consent.policy.state_machine import ConsentState, Move
from consent.signing import answer_checks, view_model
from consent.signing.answer_checks import ADVICE, page_changed_error
from consent.signing.page_snapshots import Snapshot
from consent.signing.view_model import NoticeSection, ShownGrant, SigningView
from core import canonical_json, ids, transactions
from core.canonical_json import Json
from core.clock import to_rfc3339
from core.errors import Conflict, Invalid, NotFound
from vault import blobs

__all__ = [
    "ADVICE",
    "LinkEnded",
    "LinkUnknown",
    "NoticeSection",
    "ShownGrant",
    "SigningView",
    "decline_request",
    "get_signing_view",
    "page_changed_error",
    "sign_as_test",
    "sign_consent",
]  # fmt: skip

SIGNED_HERE: Final = frozenset({"L0", "L1"})
"""The levels at which a person can sign on the page behind their link."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Page:
    """What a person had before their eyes when they answered."""

    view: SigningView
    snapshot: Snapshot


class LinkUnknown(NotFound):
    """No request was ever made with this link."""

    code = "link_unknown"


class LinkEnded(Conflict):
    """The link was good once. `state` says what became of it: a state of the consent, or
    `lapsed`.
    """

    code = "link_ended"

    def __init__(self, state: str, *, consent_id: str, locale: str) -> None:
        super().__init__("This link can no longer be used.", facts={"state": state})
        self.state = state
        self.consent_id = consent_id
        self.locale = locale


def get_signing_view(token: str, *, at: datetime) -> SigningView:
    """Give what the page shows.

    Raises LinkUnknown, and LinkEnded with the state when it cannot be signed now.
    """
    return view_model.build_signing_view(_get_open_request(token, at=at, lock=False))


@transactions.opens_transaction
def sign_consent(
    token: str,
    *,
    name_typed: str,
    ticked: tuple[str, ...],
    at: datetime,
    advice: str | None = None,
    user_agent_sha256: str = "",
    page: Page | None = None,
) -> Consent:
    """Sign.

    `ticked` holds the ids of the grants that the person agreed to; the others count as declined.

    `page` is what the person read: the page as served, and the view that it was drawn from.
    `advice` is the answer to whether somebody advises the person (one of ADVICE; None where that
    was not asked). Raises LinkUnknown, LinkEnded, and Invalid with one fault for everything that is
    missing: `nothing_ticked`, `tick_unknown`, `name_mismatch`, `advice_missing`, `page_changed`
    when the request is not as it was shown, `delivery_pending` while no server has confirmed our
    letter.
    """
    consent = _get_open_request(token, at=at, lock=True)
    if consent.assurance not in SIGNED_HERE:
        raise AssuranceUnavailable("This page signs at level L1; the request asks for more.")
    grants = list(consent.grants.order_by("position"))
    if faults := answer_checks.find_answer_faults(
        consent, grants, ticked=ticked, advice=advice, name_typed=name_typed
    ):
        raise Invalid(faults[0].detail, faults=faults)
    view = view_model.build_signing_view(consent)
    if page is not None and page.view != view:
        raise page_changed_error()
    method = link_deliveries.method_of(consent)
    if (method == link_deliveries.BY_CONTROLLER) != (consent.assurance == "L0"):
        raise AssuranceUnavailable(
            "The way of this link and the level of the request do not belong together."
        )
    shown: dict[str, Json] = {
        "kind": "page",
        "person": _describe_person(consent),
        "page": page.snapshot.html if page is not None else None,
        "page_sha256": page.snapshot.sha256 if page is not None else None,
        "organisation": view.organisation,
        "contact": view.contact.contact,
        "data_protection_officer": view.contact.dpo,
        "notice_sha256": view.notice_sha256,
        "locale": view.locale,
        "title": view.title,
        "term": view.term,
        "statement": view.statement,
        "grants": [
            {
                "id": one.id,
                "title": one.title,
                "intended_uses": one.intended_uses,
                "sentences": list(one.sentences),
                "warnings": list(one.warnings),
            }
            for one in view.grants
        ],
        "ticked": sorted(ticked),
        "name_typed": name_typed.strip(),
        "advice": advice,
        "user_agent_sha256": user_agent_sha256,
        "signed_at": to_rfc3339(at),
    }
    actor = f"speaker:{consent.speaker_id}"
    return _complete_signing(consent, grants, set(ticked), shown, method=method, actor=actor, at=at)


@transactions.opens_transaction
def sign_as_test(consent_id: str, *, organisation_id: str, actor: str, at: datetime) -> Consent:
    """Sign a request of the sandbox as its speaker would, ticking everything, without the ceremony.

    Never live data.

    Idempotent: what is active already is given as it is. Raises NotFound, WrongState.
    """
    rows = Consent.objects.of(organisation_id, livemode=False).filter(id=consent_id)
    consent = _first_locked(rows)
    if consent is None:
        raise NotFound("There is no such consent.")
    if consent.state == ConsentState.ACTIVE:
        return consent
    if consent.state != ConsentState.REQUESTED or at >= consent.link_expires_at:
        raise WrongState("Only an open request can be signed.", facts={"state": consent.state})
    grants = list(consent.grants.order_by("position"))
    shown: dict[str, Json] = {
        "kind": "test", "person": _describe_person(consent), "signed_at": to_rfc3339(at),
        "actor": actor,
    }  # fmt: skip
    ticked = {grant.id for grant in grants}
    return _complete_signing(
        consent, grants, ticked, shown, method="test_route", actor=actor, at=at
    )


@transactions.opens_transaction
def decline_request(token: str, *, reason: str, at: datetime) -> Consent:
    """Say no, for good. Raises LinkUnknown, LinkEnded."""
    consent = _get_open_request(token, at=at, lock=True)
    if not move_consent(consent, Move.DECLINE, ended_at=at):
        raise _link_ended_error(consent)
    actor = f"speaker:{consent.speaker_id}"
    given = change_reasons.parse_reason(reason[:2000], Act.DECLINE)
    code = record_reason(consent, Move.DECLINE, given, actor=actor, at=at)
    consent.refresh_from_db()
    log_events.log_consent_event(
        consent, "consent.declined", at=at, actor=actor, body={"reason": code}
    )
    return consent


def _describe_person(consent: Consent) -> dict[str, Json]:
    """Who the person is at this moment: receipts are drawn from this, whatever the rows say
    later.
    """
    personal = speakers.open_personal(consent.speaker)
    if personal is None:
        raise LinkEnded(
            ConsentState.ERASED, consent_id=consent.id, locale=consent.notice_version.locale
        )
    return {
        "name": personal.name,
        "email": personal.email,
        "phone": personal.phone,
        "country": personal.country,
    }


@transactions.requires_transaction
def _complete_signing(
    consent: Consent,
    grants: list[Grant],
    ticked: set[str],
    shown: dict[str, Json],
    *,
    method: str,
    actor: str,
    at: datetime,
) -> Consent:
    """Keep the evidence, sign the record, and let the consent stand; the one that it renews gives
    way.
    """
    kind, (valid_from, valid_until) = str(shown["kind"]), view_model.compute_term(consent, at)
    # A name alone is quickly guessed from its hash, so the evidence carries 256 random bits with
    # it.
    data = canonical_json.dump({**shown, "consent": consent.id, "salt": secrets.token_hex(32)})
    evidence = Evidence.objects.create(
        id=ids.new("evd"),
        consent=consent,
        kind=kind,
        sha256=hashlib.sha256(data).hexdigest(),
        blob=blobs.store_blob(subject=consent.speaker.subject, kind="evidence", data=data, at=at),
        created_at=at,
    )
    proofs = [*link_deliveries.list_delivery_proofs(consent), evidence]
    agreed = [grant for grant in grants if grant.id in ticked]
    record = consent_record.build_record(
        consent,
        grants=agreed,
        evidence=proofs,
        method=method,
        valid_from=valid_from,
        valid_until=valid_until,
        at=at,
    )
    signed = consent_record.sign_record(record, organisation_id=consent.organisation_id, at=at)
    # Before the consent stands: a trigger lets nothing be declined afterwards.
    consent.grants.exclude(id__in=ticked).update(declined_at=at, epoch=F("epoch") + 1)
    captured = valid_from < valid_until and move_consent(
        consent,
        Move.CAPTURE,
        record=signed.record,
        record_sha256=signed.sha256,
        record_jws=signed.jws,
        record_key=signed.key_id,
        signed_at=at,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    if not captured or not move_consent(consent, Move.ACTIVATE):
        raise WrongState("The request has changed meanwhile.", facts={"state": consent.state})
    row_macs.renew_row_mac(consent.pk)
    if any(grant.signed["exclusions"] for grant in agreed):
        # What is excluded here binds the person's other consents too, so the permits that rest on
        # those end.
        holds.invalidate_permits(consent.speaker, but=consent.id)
    _supersede_old_consent(consent, actor=actor, at=at)
    consent.refresh_from_db()
    body: dict[str, Json] = {
        "record_sha256": signed.sha256,
        "evidence": [{"kind": one.kind, "sha256": one.sha256} for one in proofs],
        "grants": [
            {
                "id": grant.id,
                "use_case": grant.use_case,
                "intended_uses": grant.signed[intended_uses.HASH],
            }
            for grant in agreed
        ],
        "assurance": consent.assurance,
        "method": method,
    }
    log_events.log_consent_event(consent, "consent.captured", at=at, actor=actor, body=body)
    log_events.log_consent_event(
        consent, "consent.activated", at=at, actor=actor, body={"record_sha256": signed.sha256}
    )
    return consent


def _supersede_old_consent(consent: Consent, *, actor: str, at: datetime) -> None:
    old = consent.supersedes
    if old is None or not move_consent(old, Move.SUPERSEDE, ended_at=at):
        return
    wakeups.announce_consent_end(old.id)
    log_events.log_consent_event(
        old, "consent.superseded", at=at, actor=actor, body={"superseded_by": consent.id}
    )


def _get_open_request(token: str, *, at: datetime, lock: bool) -> Consent:
    rows = Consent.objects.filter(link_sha256=consent_requests.hash_link_token(token[:200]))
    found = _first_locked(rows) if lock else rows.select_related(*_RELATED).first()
    if found is None:
        raise LinkUnknown("There is no such link.")
    over = found.asked_until is not None and at >= found.asked_until
    if found.state != ConsentState.REQUESTED or at >= found.link_expires_at or over:
        raise _link_ended_error(found)
    if found.speaker.state != Speaker.State.ACTIVE:
        raise LinkEnded(
            ConsentState.ERASED, consent_id=found.id, locale=found.notice_version.locale
        )
    return found


_RELATED = ("speaker", "organisation", "notice_version__notice", "supersedes__speaker")


def _first_locked(rows: QuerySet[Consent]) -> Consent | None:
    """Lock the person first: signing touches their other consents too."""
    if consent_id := rows.values_list("id", flat=True).first():
        speakers.lock_speaker_of(consent_id)
    return rows.select_for_update(no_key=True, of=("self",)).select_related(*_RELATED).first()


def _link_ended_error(consent: Consent) -> LinkEnded:
    state = (
        ConsentState.LAPSED
        if consent.state == ConsentState.REQUESTED
        else ConsentState(consent.state)
    )
    return LinkEnded(state, consent_id=consent.id, locale=consent.notice_version.locale)
