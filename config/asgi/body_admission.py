"""Who may send a large body, and how many bytes of bodies are held at a time.

Key, scope and limits are asked before the body is read. A framework reads a whole body before its
view asks for the key, so strangers could fill the memory of the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.urls import Resolver404, get_resolver
from redis import RedisError
from rest_framework.permissions import SAFE_METHODS

from accounts.authentication import (
    ADMISSION,
    Admission,
    HasScope,
    KeyAuthentication,
    admit_key,
    demand_scope,
    find_credentials,
)
from config import outages
from config.asgi import declared_limits
from config.asgi.body_limits import (
    Application,
    BodyRefused,
    Message,
    Receive,
    RefusableCall,
    Scope,
    Send,
    get_declared_length,
    refuse_body,
)
from core import clock
from core.errors import SaysoError, Unauthenticated
from core.places import ByteBudget
from provenance import anonymous_rate_limit

SMALL: Final = 2**16
"""Bytes of a body that are read before anything is asked: a query for each small call would cost
more than it saves.
"""

BODY_BYTES: Final = ByteBudget(lambda: settings.SAYSO_MAX_BODY_MEMORY)
_THREADS: Final = ThreadPoolExecutor(4, thread_name_prefix="sayso-admission")
"""Threads that ask for keys. They wait for the database, and the event loop must not."""


def admit_bodies(application: Application) -> Application:
    """Wrap an ASGI application: it gets large bodies of those alone who may send them now.

    What was found out is in the scope, so nothing is asked or counted twice.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if _is_small(scope):
            await application(scope, receive, send)
            return

        admission = await _admit(scope)
        if admission.refusal is None:
            scope = {**scope, ADMISSION: admission}
            admission = await _answer_within_budget(application, scope, receive, send)
        if admission.refusal is not None:
            await _answer_refused(application, {**scope, ADMISSION: admission}, receive, send)

    return answer


async def _answer_within_budget(
    application: Application, scope: Scope, receive: Receive, send: Send
) -> Admission:
    """Run the application while the bytes of its body are counted.

    Return the admission, with the refusal if no byte of the body could be taken.
    """
    admission: Admission = scope[ADMISSION]
    declared = get_declared_length(scope)

    with ExitStack() as held:
        holding = _Holding(scope, admission, held)
        try:
            holding.take(declared or 0)
        except SaysoError as error:
            return Admission(refusal=error)

        came = 0

        async def receive_within_budget() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            # A declared body was counted whole. One in chunks is counted as it comes.
            if declared is None and came > holding.size:
                try:
                    holding.take(max(2**20, came - holding.size))
                except SaysoError as error:
                    raise BodyRefused(error) from error
            return message

        await RefusableCall(receive_within_budget, send).run(application, scope)
    return admission


class _Holding:
    """The bytes that one request holds, given back by its exit stack."""

    def __init__(self, scope: Scope, admission: Admission, held: ExitStack) -> None:
        caller = admission.caller
        self._has_key = caller is not None
        self._holder = caller.organisation_id if caller else _get_address(scope)
        self._held = held
        self.size = 0

    def take(self, size: int) -> None:
        """Take `size` bytes more. Raises ServerBusy."""
        BODY_BYTES.reserve(self._holder, size, has_key=self._has_key)
        self._held.callback(BODY_BYTES.release, self._holder, size, has_key=self._has_key)
        self.size += size


async def _admit(scope: Scope) -> Admission:
    """Return what can be found out about the sender, with the refusal if there is one."""
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, _examine_sender, scope)
    except SaysoError as error:
        return Admission(refusal=error)
    except (DatabaseError, RedisError, OSError) as error:
        if (down := outages.explain_outage(error)) is None:
            raise
        return Admission(refusal=down)


def _examine_sender(scope: Scope) -> Admission:
    """Authenticate, authorise and count the request as its view would.

    Raises Unauthenticated, KeyExpired, ScopeMissing, RateLimited.
    """
    view = _find_view(scope)
    header = find_credentials(scope["headers"])
    close_old_connections()
    try:
        if header and KeyAuthentication in getattr(view, "authentication_classes", ()):
            admission = admit_key(header, at=clock.now())
            if admission.caller is not None and _wants_scope(view, scope):
                demand_scope(admission.caller, f"{getattr(view, 'scope', 'none')}:write")
            return admission
        if _wants_scope(view, scope):
            raise Unauthenticated("Send your API key as `Authorization: Bearer sayso_…`.")

        kind = getattr(view, "counted_as", None)
        if kind is not None and scope["method"] not in SAFE_METHODS:
            anonymous_rate_limit.count_request(_get_address(scope), at=clock.now(), kind=kind)
            return Admission(address_counted=True)
    finally:
        close_old_connections()

    return Admission()


def _wants_scope(view: Any, scope: Scope) -> bool:
    return (
        HasScope in getattr(view, "permission_classes", ()) and scope["method"] not in SAFE_METHODS
    )


def _find_view(scope: Scope) -> Any:
    """Return the view of the path: a class of the REST framework, a function, or None."""
    try:
        view = get_resolver().resolve(scope["path"]).func
    except Resolver404:
        return None
    return getattr(view, "cls", view)


async def _answer_refused(
    application: Application, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer without the body: with a problem document, or with the view's own page."""
    refusal = scope[ADMISSION].refusal
    if not declared_limits.get_limit(scope["path"]).explained_by_view:
        await refuse_body(refusal, receive, send)
        return

    # A browser shows an answer only when it was let finish sending. Nothing of it is kept.
    while (await receive()).get("more_body", False):
        pass
    nothing: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive_empty() -> Message:
        return nothing.pop() if nothing else await receive()

    await application(scope, receive_empty, send)


def _is_small(scope: Scope) -> bool:
    declared = get_declared_length(scope)
    if declared is not None:
        return declared <= SMALL
    # Without a length there is a body only if it comes in chunks (RFC 9112, section 6.3).
    return all(name != b"transfer-encoding" for name, _ in scope["headers"])


def _get_address(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return anonymous_rate_limit.mask_to_network(str(client[0]) if client else "")
