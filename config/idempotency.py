"""`Idempotency-Key`: the same POST asked twice is carried out once and answered alike for a day.

An answer that rested on a permit is replayed only while that permit still holds: after a revocation the retry is
decided anew.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from accounts import answers
from accounts import keys as api_keys
from accounts.clock import now_for
from accounts.models import ApiKey, StoredAnswer
from config import problems
from consent import gate
from core import clock, streams
from core.errors import Conflict, Invalid, Refused, SaysoError, Unauthenticated
from provenance import clips
from vault import keys, sealing

Answer = Callable[[HttpRequest], HttpResponse]

LEASE: Final = timedelta(minutes=5)
STREAM_LEASE: Final = timedelta(minutes=12)
"""Longer than the longest stream, its settling included."""
KEPT_HEADERS: Final = (
    "Content-Type", "Location", "Link", "Sayso-Clip", "Sayso-Decision", "Sayso-Content-Sha256",
    "Sayso-Disclosure", "Sayso-Aigc-Label",
)  # fmt: skip
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")
_BOUNDARY: Final = re.compile(r'boundary="?([^";]{1,200})"?')


class IdempotencyMismatch(Invalid):
    """The key was used before with another body."""

    code = "idempotency_mismatch"


class IdempotencyRunning(Conflict):
    """The first request with this key is still being carried out."""

    code = "idempotency_running"


class IdempotencyForgotten(Conflict):
    """The first answer held data of a person who has been erased since."""

    code = "idempotency_forgotten"


class IdempotencyMiddleware:
    """Keeps the answers of successful POSTs that carry the header, sealed, for a day."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Replay, refuse, or carry out and keep."""
        name = request.headers.get("Idempotency-Key")
        if name is None or request.method != "POST" or not request.path.startswith("/v1/"):
            return self.get_response(request)
        at = clock.now()
        try:
            key = api_keys.authenticate(request.headers.get("Authorization", "").removeprefix("Bearer "), at=at)
        except Unauthenticated:
            return self.get_response(request)  # the view says it in its own words
        try:
            kept = _claim(key, name, _fingerprint(request), at=at)
        except (SaysoError, OSError) as error:
            return problems.answer(error)
        if kept.state == StoredAnswer.State.DONE:
            return _replay(key, kept)
        return self._carry_out(request, key, kept)

    def _carry_out(self, request: HttpRequest, key: ApiKey, kept: StoredAnswer) -> HttpResponse:
        finished = False
        try:
            response = self.get_response(request)
            if _is_streamed(response):
                _keep_when_whole(key, kept, response)
                finished = True
            elif 200 <= response.status_code < 300 and not response.streaming:
                _keep(key, kept, response)
                finished = True
        finally:
            if not finished:  # refused or failed: nothing was made, so the same key may try again
                kept.delete()
        return response


def _is_streamed(response: HttpResponse) -> bool:
    """Whether the edge sends the body of this answer, when we are done with its head."""
    slot = streams.slot.get()
    return slot is not None and slot.stream is not None and response.status_code == 200


def _keep_when_whole(key: ApiKey, kept: StoredAnswer, response: HttpResponse) -> None:
    """Keep a streamed answer when all of it has left: a retry gets the same bytes at once. A broken one frees the key.

    Until then a retry is told that the first call is still running, for as long as a stream may last.
    """
    StoredAnswer.objects.filter(pk=kept.pk).update(lease_until=clock.now() + STREAM_LEASE)

    def settle(whole: bool) -> None:  # noqa: FBT001 - the slot's callback
        if whole:
            _keep(key, kept, response)
        else:
            StoredAnswer.objects.filter(pk=kept.pk, state=StoredAnswer.State.RUNNING).delete()

    slot = streams.slot.get()
    assert slot is not None  # noqa: S101  # asked by the caller
    slot.at_end.append(settle)


def _claim(key: ApiKey, name: str, fingerprint: str, *, at: datetime) -> StoredAnswer:
    """Take the key for this request, or give the stored answer. Raises when it is taken, mismatched or forgotten."""
    if not _KEY.match(name):
        raise Invalid("`Idempotency-Key` must be 1 to 255 visible ASCII characters.", code="idempotency_key_invalid")
    name_sha256 = hashlib.sha256(name.encode()).hexdigest()
    mine = StoredAnswer.objects.filter(api_key=key, key_sha256=name_sha256)
    mine.filter(created_at__lte=at - answers.KEEP).delete()
    mine.filter(state=StoredAnswer.State.RUNNING, lease_until__lte=at).delete()
    try:
        with transaction.atomic():
            return StoredAnswer.objects.create(
                api_key=key,
                key_sha256=name_sha256,
                request_sha256=fingerprint,
                lease_until=at + LEASE,
                created_at=at,
            )
    except IntegrityError:
        kept = mine.get()
    if kept.request_sha256 != fingerprint:
        raise IdempotencyMismatch("This idempotency key was used before with another request.")
    if kept.state == StoredAnswer.State.RUNNING:
        raise IdempotencyRunning("The first request with this idempotency key is still running.", retry_after=1)
    if kept.state == StoredAnswer.State.FORGOTTEN:
        raise IdempotencyForgotten("The answer was forgotten when a person it spoke of was erased.")
    decision = kept.headers.get("Sayso-Decision")
    here = now_for(key.organisation, livemode=key.livemode, real=at)
    if decision and not _may_still(decision, at=here):
        # The permit behind the answer has ended. Take the row over and let the gate decide anew.
        mine.filter(state=StoredAnswer.State.DONE).update(
            state=StoredAnswer.State.RUNNING, lease_until=at + LEASE, sealed_body=None
        )
        kept.refresh_from_db()
    return kept


def _may_still(decision_id: str, *, at: datetime) -> bool:
    try:
        gate.may_still(decision_id, at=at)
    except Refused:
        return False
    return True


def _keep(key: ApiKey, kept: StoredAnswer, response: HttpResponse) -> None:
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    sealed = None
    if "Sayso-Clip" not in headers:  # a clip's audio already lies in the vault
        subject = keys.of_organisation(key.organisation_id, at=kept.created_at)
        sealed = sealing.seal(subject, _context(kept), {"body": base64.b64encode(response.content).decode()})
    StoredAnswer.objects.filter(pk=kept.pk, state=StoredAnswer.State.RUNNING).update(
        state=StoredAnswer.State.DONE, status=response.status_code, headers=headers, sealed_body=sealed
    )


def _replay(key: ApiKey, kept: StoredAnswer) -> HttpResponse:
    if clip := kept.headers.get("Sayso-Clip"):
        try:
            body = clips.delivered_bytes(clip)
        except SaysoError as error:
            return problems.answer(error)
    else:
        subject = keys.of_organisation(key.organisation_id, at=kept.created_at)
        opened = sealing.unseal(subject, _context(kept), bytes(kept.sealed_body or b""))
        body = base64.b64decode(opened["body"]) if isinstance(opened, dict) else b""
    response = HttpResponse(body, status=kept.status)
    for name, value in kept.headers.items():
        response[name] = value
    response["Idempotent-Replayed"] = "true"
    return response


def _context(kept: StoredAnswer) -> str:
    return f"stored-answer|{kept.api_key_id}|{kept.key_sha256}"


def _fingerprint(request: HttpRequest) -> str:
    """SHA-256 over path, query, type and body; a multipart boundary is random per try, so it counts as a constant."""
    body, kind = request.body, request.headers.get("Content-Type", "")
    if found := _BOUNDARY.search(kind):
        body = body.replace(found[1].encode(), b"boundary")
        kind = "multipart"
    digest = hashlib.sha256()
    for part in (request.get_full_path().encode(), kind.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
