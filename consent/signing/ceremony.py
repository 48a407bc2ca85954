"""Signing: what a person sees behind their one-time link, and what their yes or no does.

The pages show a SigningView and call `sign_consent` or `decline_request`. No box is ticked
beforehand. Level L1: we sent the link to an address of the person and have the server's word for
it, they typed their name, and ticked each purpose that they agree to. Level L0: the link was handed
to the asker, so it is not known who signed, and that permits nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consent import log_events
from consent.errors import AssuranceUnavailable, WrongState
from consent.lifecycle import link_deliveries
from consent.lifecycle.consent_moves import move_consent, record_reason
from consent.models import Consent
from consent.policy import change_reasons
from consent.policy.change_reasons import Act
from consent.policy.state_machine import ConsentState, Move
from consent.signing import answer_checks, completion, open_requests, view_model
from consent.signing.answer_checks import ADVICE, page_changed_error
from consent.signing.page_snapshots import Snapshot
from consent.signing.view_model import NoticeSection, ShownGrant, SigningView
from core import connection_places, transactions
from core.canonical_json import Json
from core.clock import to_rfc3339
from core.errors import Invalid, NotFound

__all__ = [
    "ADVICE",
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


def get_signing_view(token: str, *, at: datetime) -> SigningView:
    """Return what the page shows.

    Raises LinkNotFound, and LinkEnded with the state when it cannot be signed now.
    """
    return view_model.build_signing_view(open_requests.get_open_request(token, at=at, lock=False))


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
    """Sign the request behind a link, and return the consent.

    `ticked` holds the ids of the grants that the person agreed to. The others count as declined.
    `page` is what the person read: the page as served, and the view that it was drawn from.
    `advice` is the answer to whether the person is advised, one of ADVICE, or None where that was
    not asked.

    Raises LinkNotFound, LinkEnded, and Invalid with one fault for everything that is missing:
    `nothing_ticked`, `tick_unknown`, `name_mismatch`, `advice_missing`, `page_changed` when the
    request is not as it was shown, `delivery_pending` while no server has confirmed our letter.
    """
    consent = open_requests.get_open_request(token, at=at, lock=True)
    if consent.assurance not in SIGNED_HERE:
        raise AssuranceUnavailable("This page signs at level L1. The request asks for more.")
    grants = list(consent.grants.order_by("position"))

    if faults := answer_checks.find_answer_faults(
        consent, grants, ticked=ticked, advice=advice, name_typed=name_typed
    ):
        raise Invalid(faults[0].detail, faults=faults)
    view = view_model.build_signing_view(consent)
    if page is not None and page.view != view:
        raise page_changed_error()

    method = _get_fitting_method(consent)
    shown: dict[str, Json] = {
        **_describe_page(consent, view, page),
        "ticked": sorted(ticked),
        "name_typed": name_typed.strip(),
        "advice": advice,
        "user_agent_sha256": user_agent_sha256,
        "signed_at": to_rfc3339(at),
    }
    actor = f"speaker:{consent.speaker_id}"
    return completion.complete_signing(
        consent, grants, set(ticked), shown, method=method, actor=actor, at=at
    )


def _get_fitting_method(consent: Consent) -> str:
    """Return how the consent is signed. Raises AssuranceUnavailable."""
    method = link_deliveries.get_signing_method(consent)
    if (method == link_deliveries.BY_CONTROLLER) != (consent.assurance == "L0"):
        raise AssuranceUnavailable(
            "The way of this link and the level of the request do not belong together."
        )

    return method


def _describe_page(consent: Consent, view: SigningView, page: Page | None) -> dict[str, Json]:
    """Describe what the person had before their eyes, for the evidence."""
    return {
        "kind": "page",
        "person": completion.describe_person(consent),
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
        "providers": [
            {"code": one.code, "name": one.name, "sentences": list(one.sentences)}
            for one in view.providers
        ],
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
    }


@connection_places.bound_acts
@transactions.opens_transaction
def sign_as_test(consent_id: str, *, organisation_id: str, actor: str, at: datetime) -> Consent:
    """Sign a request of the sandbox as its speaker would, ticking everything, without the ceremony.

    Never live data.

    Idempotent: what is active already is given as it is. Raises NotFound, WrongState.
    """
    rows = Consent.objects.of(organisation_id, livemode=False).filter(id=consent_id)
    consent = open_requests.lock_first(rows)
    if consent is None:
        raise NotFound("There is no such consent.")
    if consent.state == ConsentState.ACTIVE:
        return consent
    if consent.state != ConsentState.REQUESTED or at >= consent.link_expires_at:
        raise WrongState("Only an open request can be signed.", facts={"state": consent.state})
    grants = list(consent.grants.order_by("position"))
    shown: dict[str, Json] = {
        "kind": "test", "person": completion.describe_person(consent), "signed_at": to_rfc3339(at),
        "actor": actor,
    }  # fmt: skip
    ticked = {grant.id for grant in grants}
    return completion.complete_signing(
        consent, grants, ticked, shown, method="test_route", actor=actor, at=at
    )


@transactions.opens_transaction
def decline_request(token: str, *, reason: str, at: datetime) -> Consent:
    """Decline the request behind a link for good, and return its consent.

    Raises LinkNotFound, LinkEnded.
    """
    consent = open_requests.get_open_request(token, at=at, lock=True)
    if not move_consent(consent, Move.DECLINE, ended_at=at):
        raise open_requests.link_ended_error(consent)
    actor = f"speaker:{consent.speaker_id}"
    given = change_reasons.parse_reason(reason[:2000], Act.DECLINE)
    code = record_reason(consent, Move.DECLINE, given, actor=actor, at=at)
    consent.refresh_from_db()
    log_events.log_consent_event(
        consent, "consent.declined", at=at, actor=actor, body={"reason": code}
    )
    return consent
