"""`Idempotency-Key`: a POST that is sent twice is carried out once, and has one answer for a day.

An answer that rested on a permit is replayed only while that permit still holds: after a revocation
the retry is decided again. A check behind authentication, permission and rate limit takes the key,
a middleware settles it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.authentication import Caller
from accounts.models import IdempotencyRecord
from config.middleware.idempotency_claims import (
    Claim,
    IdempotencyUnbound,
    claim_key,
    hold_key,
)
from config.middleware.request_fingerprint import fingerprint_request
from config.middleware.stored_answers import KeyFence, replay_answer, store_answer
from config.replayed_answer import Replay
from core import database_clock, request_fence, streaming_response

GetResponse = Callable[[HttpRequest], HttpResponse]

_CLAIM: Final = "sayso.idempotency"  # in META, which the framework's request and Django's share


class IdempotencyCheck(BaseThrottle):
    """Replays, refuses, or takes the key.

    The framework asks it after authentication, permission and rate limit.

    So a caller who may not make the call gets no stored answer of it, and the caller is known from
    the one reader of the `Authorization` header.
    """

    # The signature is the framework's.
    def allow_request(self, request: Request, view: Any) -> bool:
        """Return True when the view has to run.

        Raises IdempotencyUnbound, Replay, and the errors of `claim_key`.
        """
        name = request.headers.get("Idempotency-Key")
        if name is None or request.method != "POST":
            return True

        caller = request.user
        # Without a caller there is no one whose repeat it could be. Such a call would run each
        # time, and the one who sent the key would believe that it ran once. A route that is open
        # to all makes nothing, and its answer of yesterday may be wrong today.
        if not isinstance(caller, Caller) or getattr(view, "counted_as", None) is not None:
            raise IdempotencyUnbound(
                "An `Idempotency-Key` belongs to a call that needs an API key, and this address "
                "needs none. Send the call without it."
            )

        at = database_clock.get_work_time()
        kept = claim_key(caller, name, fingerprint_request(request), at=at)
        if kept.state == IdempotencyRecord.State.DONE:
            raise Replay(replay_answer(caller, kept))

        claim = hold_key(kept, caller, now=database_clock.get_work_time)
        request.META[_CLAIM] = claim
        request_fence.set_fence(KeyFence(claim))
        return True


class IdempotencyMiddleware:
    """Keeps the answers of successful POSTs that took a key, sealed, for a day.

    All others free their key.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Carry the request out, and settle its claim if the view took one."""
        with request_fence.begin_request():
            return self._answer_request(request)

    def _answer_request(self, request: HttpRequest) -> HttpResponse:
        settled = streamed = False
        try:
            response = self.get_response(request)
            claim = request.META.get(_CLAIM)
            if not isinstance(claim, Claim):
                return response
            if _is_streamed(response):
                _keep_when_whole(claim, response)
                settled = streamed = True
            elif 200 <= response.status_code < 300 and not response.streaming:
                store_answer(claim, response)
                settled = True
            return response
        finally:
            claim = request.META.get(_CLAIM)
            if isinstance(claim, Claim) and not streamed:
                claim.renewal.stop()
            # Refused or failed: nothing was made, so the key is free.
            if isinstance(claim, Claim) and not settled:
                claim.rows().delete()


def _is_streamed(response: HttpResponse) -> bool:
    """Return whether the edge will send the body of `response` after its head."""
    slot = streaming_response.slot.get()
    return slot is not None and slot.stream is not None and response.status_code == 200


def _keep_when_whole(claim: Claim, response: HttpResponse) -> None:
    """Keep a streamed answer when all of it has left: a retry gets the same bytes at once.

    A broken one frees the key. Until then a retry is told that the first call is still running.
    """

    def settle(whole: bool) -> None:  # noqa: FBT001 - the slot's callback
        claim.renewal.stop()
        if whole:
            store_answer(claim, response)
        else:
            claim.rows().delete()

    slot = streaming_response.slot.get()
    assert slot is not None  # noqa: S101  # asked by the caller
    slot.at_end.append(settle)
