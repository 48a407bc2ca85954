"""`Idempotency-Key`: the same POST asked twice is carried out once and answered alike for a day.

An answer that rested on a permit is replayed only while that permit still holds: after a revocation
the retry is decided again. A check behind authentication, permission and rate limit takes the key,
a middleware settles it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import idempotency_records
from accounts.authentication import Caller
from accounts.models import IdempotencyRecord
from config.middleware.request_fingerprint import fingerprint_request
from config.replayed_answer import Replay
from consent import gate
from core import clock, streaming_response
from core.api.responses import SecretResponse
from core.errors import Conflict, Invalid, Refused
from provenance.clips import clip_lifecycle
from vault import sealed_values, subject_keys

Answer = Callable[[HttpRequest], HttpResponse]

LEASE: Final = timedelta(minutes=5)
STREAM_LEASE: Final = timedelta(minutes=12)
"""Longer than the longest stream, its settling included."""
KEPT_HEADERS: Final = (
    "Content-Type", "Location", "Link", "Sayso-Clip", "Sayso-Decision", "Sayso-Content-Sha256",
    "Sayso-Disclosure", "Sayso-Aigc-Label",
)  # fmt: skip
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")
_CLAIM: Final = "sayso.idempotency"  # in META, which the framework's request and Django's share


class IdempotencyMismatch(Invalid):
    """The key was used before with another body."""

    code = "idempotency_mismatch"


class IdempotencyRunning(Conflict):
    """The first request with this key is still being carried out."""

    code = "idempotency_running"


class IdempotencyForgotten(Conflict):
    """The first answer held data of a person who has been erased since."""

    code = "idempotency_forgotten"


class IdempotencySecret(Conflict):
    """The first answer made a secret, which is shown once. What it made stands, and a new call
    makes another.
    """

    code = "idempotency_secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One request's hold on its key: only the row with this very lease may be settled by it."""

    row: IdempotencyRecord
    organisation_id: str

    def rows(self) -> QuerySet[IdempotencyRecord]:
        """The row, as long as this request holds it."""
        return IdempotencyRecord.objects.filter(
            pk=self.row.pk, state=IdempotencyRecord.State.RUNNING, lease_until=self.row.lease_until
        )


class IdempotencyCheck(BaseThrottle):
    """Replays, refuses, or takes the key.

    The framework asks it after authentication, permission and rate limit.

    So whoever may not make the call gets no stored answer of it, and the one reader of the
    `Authorization` header has said whose call this is.
    """

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - the signature is the framework's
        """Return True when the view has to run. Raises Replay, and the errors of `_claim_key`."""
        name = request.headers.get("Idempotency-Key")
        if name is None or request.method != "POST" or not isinstance(request.user, Caller):
            return True

        caller = request.user
        kept = _claim_key(caller, name, fingerprint_request(request), at=clock.now())
        if kept.state == IdempotencyRecord.State.DONE:
            raise Replay(_replay_answer(caller, kept))

        request.META[_CLAIM] = Claim(row=kept, organisation_id=caller.organisation_id)
        return True


class IdempotencyMiddleware:
    """Keeps the answers of successful POSTs that took a key, sealed, for a day.

    All others free their key.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Carry the request out, and settle its claim if the view took one."""
        settled = False
        try:
            response = self.get_response(request)
            claim = request.META.get(_CLAIM)
            if not isinstance(claim, Claim):
                return response
            if _is_streamed(response):
                _keep_when_whole(claim, response)
                settled = True
            elif 200 <= response.status_code < 300 and not response.streaming:
                _store_answer(claim, response)
                settled = True
            return response
        finally:
            claim = request.META.get(_CLAIM)
            if (
                isinstance(claim, Claim) and not settled
            ):  # refused or failed: nothing was made, so the key is free
                claim.rows().delete()


def _is_streamed(response: HttpResponse) -> bool:
    """Whether the edge sends the body of this answer, when we are done with its head."""
    slot = streaming_response.slot.get()
    return slot is not None and slot.stream is not None and response.status_code == 200


def _keep_when_whole(claim: Claim, response: HttpResponse) -> None:
    """Keep a streamed answer when all of it has left: a retry gets the same bytes at once.

    A broken one frees the key.

    Until then a retry is told that the first call is still running, for as long as a stream may
    last.
    """
    longer = clock.now() + STREAM_LEASE
    claim.rows().update(lease_until=longer)
    claim.row.lease_until = longer

    def settle(whole: bool) -> None:  # noqa: FBT001 - the slot's callback
        if whole:
            _store_answer(claim, response)
        else:
            claim.rows().delete()

    slot = streaming_response.slot.get()
    assert slot is not None  # noqa: S101  # asked by the caller
    slot.at_end.append(settle)


def _claim_key(
    caller: Caller, name: str, request_sha256: str, *, at: datetime
) -> IdempotencyRecord:
    """Take the key for this request, or give the stored answer.

    Raises Invalid for what is no key, IdempotencyMismatch, IdempotencyRunning,
    IdempotencyForgotten, IdempotencySecret.
    """
    if not _KEY.match(name):
        raise Invalid(
            "`Idempotency-Key` must be 1 to 255 visible ASCII characters.",
            code="idempotency_key_invalid",
        )

    name_sha256 = hashlib.sha256(name.encode()).hexdigest()
    mine = IdempotencyRecord.objects.filter(api_key_id=caller.key_id, key_sha256=name_sha256)
    mine.filter(created_at__lte=at - idempotency_records.KEEP).delete()
    mine.filter(state=IdempotencyRecord.State.RUNNING, lease_until__lte=at).delete()
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(
                api_key_id=caller.key_id,
                key_sha256=name_sha256,
                request_sha256=request_sha256,
                lease_until=at + LEASE,
                created_at=at,
            )
    except IntegrityError:
        kept = mine.first()

    if kept is None:  # the first request ended between the two statements, and made nothing
        raise _running_error()
    _refuse_unless_done(kept, request_sha256)

    decision = kept.headers.get("Sayso-Decision")
    if decision and not _may_repeat(decision, at=caller.now()):
        return _take_over(kept, at=at)
    return kept


def _may_repeat(decision_id: str, *, at: datetime) -> bool:
    try:
        gate.may_repeat(decision_id, at=at)
    except Refused:
        return False
    return True


def _refuse_unless_done(kept: IdempotencyRecord, request_sha256: str) -> None:
    """Raise unless the row is the answer to this very request, and one that can be given again."""
    if kept.request_sha256 != request_sha256:
        raise IdempotencyMismatch("This idempotency key was used before with another request.")
    if kept.state == IdempotencyRecord.State.RUNNING:
        raise _running_error()
    if kept.state == IdempotencyRecord.State.FORGOTTEN:
        raise IdempotencyForgotten("The answer was forgotten when a person it spoke of was erased.")
    if kept.state == IdempotencyRecord.State.SECRET:
        raise IdempotencySecret(
            "The answer to the first request made a secret, which is shown once."
        )


def _take_over(kept: IdempotencyRecord, *, at: datetime) -> IdempotencyRecord:
    """Take the row of an answer whose permit has ended, so that the gate decides again.

    One retry of many gets it.
    """
    lease_until = at + LEASE
    taken = IdempotencyRecord.objects.filter(
        pk=kept.pk, state=IdempotencyRecord.State.DONE, lease_until=kept.lease_until
    ).update(
        state=IdempotencyRecord.State.RUNNING, lease_until=lease_until, sealed_body=None, headers={}
    )
    if not taken:
        raise _running_error()
    kept.state, kept.lease_until, kept.headers = IdempotencyRecord.State.RUNNING, lease_until, {}
    return kept


def _running_error() -> IdempotencyRunning:
    return IdempotencyRunning(
        "Another request with this idempotency key is still running.", retry_after=1
    )


def _store_answer(claim: Claim, response: HttpResponse) -> None:
    """Keep the answer. Of one that made a secret only that it was given is kept."""
    if isinstance(response, SecretResponse):
        claim.rows().update(
            state=IdempotencyRecord.State.SECRET,
            status=response.status_code,
            headers={},
            sealed_body=None,
        )
        return

    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    sealed = None
    if "Sayso-Clip" not in headers:  # a clip's audio already lies in the vault
        subject = subject_keys.get_organisation_subject(
            claim.organisation_id, at=claim.row.created_at
        )
        sealed = sealed_values.seal(
            subject,
            _answer_context(claim.row),
            {"body": base64.b64encode(response.content).decode()},
        )
    claim.rows().update(
        state=IdempotencyRecord.State.DONE,
        status=response.status_code,
        headers=headers,
        sealed_body=sealed,
    )


def _replay_answer(caller: Caller, kept: IdempotencyRecord) -> HttpResponse:
    """Return the stored answer. Raises what `delivered_bytes` raises for a clip that is gone."""
    if clip := kept.headers.get("Sayso-Clip"):
        body = clip_lifecycle.read_delivered_bytes(clip)
    else:
        subject = subject_keys.get_organisation_subject(caller.organisation_id, at=kept.created_at)
        opened = sealed_values.unseal(
            subject, _answer_context(kept), bytes(kept.sealed_body or b"")
        )
        body = base64.b64decode(opened["body"]) if isinstance(opened, dict) else b""

    response = HttpResponse(body, status=kept.status)
    for name, value in kept.headers.items():
        response[name] = value
    response["Idempotent-Replayed"] = "true"
    return response


def _answer_context(kept: IdempotencyRecord) -> str:
    return f"stored-answer|{kept.api_key_id}|{kept.key_sha256}"
