"""REST: who calls, proven by an API key; what the key may touch; how often it may call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts import api_key_lookup, rate_limits
from accounts.models import ApiKey, Organisation
from accounts.principal import Principal
from accounts.rate_limits import Allowance
from accounts.test_clock import now_for
from core import clock
from core.errors import RateLimited, Refused, Unauthenticated

_RATE: Final = "sayso.rate"


class ScopeMissing(Refused):
    """The key is good, but not for this."""

    code = "scope_missing"


class LiveKeyRefused(Refused):
    """Only a test key may do this: it would change what live data means."""

    code = "test_key_needed"


class LiveKeyNeeded(Refused):
    """Only a live key may do this: the sandbox cannot reach out of itself."""

    code = "live_key_needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose call this is: an API key of a product of an organisation."""

    organisation: Organisation
    key_id: str
    product: str
    livemode: bool
    scopes: frozenset[str]
    calls_per_minute: int
    expires_at: datetime | None
    default_use_case: str | None
    default_channel: str | None
    default_territory: str | None
    default_language: str | None

    @property
    def organisation_id(self) -> str:
        """The organisation's id."""
        return self.organisation.id

    @property
    def actor(self) -> str:
        """How the log names this caller."""
        return f"key:{self.key_id}"

    @property
    def principal(self) -> Principal:
        """On whose behalf the key acts."""
        return Principal(
            organisation_id=self.organisation_id, livemode=self.livemode, actor=self.actor
        )

    # The attributes that DRF and Django look for in a `request.user`.
    @property
    def is_authenticated(self) -> bool:
        """True: a Caller is made from a good key only."""
        return True

    @property
    def pk(self) -> str:
        """The key's id."""
        return self.key_id

    def now(self) -> datetime:
        """The present for this caller's data: the real time, or the organisation's test clock for a
        test key.
        """
        return now_for(self.organisation, livemode=self.livemode, real=clock.now())


class KeyAuthentication(BaseAuthentication):
    """Authenticate `Authorization: Bearer sayso_…`, count the call and record the use of the key.

    Returns None without the header.
    """

    def authenticate(self, request: Request) -> tuple[Caller, str] | None:
        """Give the Caller. Raises Unauthenticated, KeyExpired, RateLimited."""
        secret = _read_bearer(request.headers.get("Authorization", ""))
        if secret is None:
            return None
        at = clock.now()
        key = api_key_lookup.authenticate_key(secret, at=at)
        _count_call(request, key, at=at)
        api_key_lookup.note_use(key, at=at)
        return _caller_from_key(key), key.id

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """What a 401 tells the client to send."""
        return 'Bearer realm="sayso"'


class HasScope(BasePermission):
    """Checks the view's `scope`, such as "speakers": safe methods need `speakers:read`, others
    `speakers:write`.

    A view without a scope is closed: forgetting it must not open a door.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """True, or raises Unauthenticated or ScopeMissing."""
        right = "read" if request.method in SAFE_METHODS else "write"
        demand_scope(caller_of(request), f"{getattr(view, 'scope', 'none')}:{right}")
        return True


def demand_scope(caller: Caller, required: str) -> None:
    """Pass a key that has the scope. Raises ScopeMissing."""
    if required not in caller.scopes:
        raise ScopeMissing("This API key may not do that.", facts={"required": required})


def caller_of(request: Request) -> Caller:
    """Give the Caller of a request. Raises Unauthenticated when there is none."""
    caller = request.user
    if not isinstance(caller, Caller):
        raise Unauthenticated("Send your API key as `Authorization: Bearer sayso_…`.")
    return caller


def sandbox_caller_of(request: Request) -> Caller:
    """Give the Caller of a request that only test keys may make.

    Raises LiveKeyRefused, Unauthenticated.
    """
    caller = caller_of(request)
    if caller.livemode:
        raise LiveKeyRefused("Only a test key may do that.")
    return caller


def count_more(request: Request, calls: int, *, at: datetime) -> None:
    """Count what one request asks for beyond itself, such as the second file of several.

    Raises RateLimited.
    """
    for _ in range(calls):
        allowance = request.META.get(_RATE)
        if isinstance(allowance, Allowance):
            request.META[_RATE] = rate_limits.count_call(
                caller_of(request).key_id, limit=allowance.limit, at=at
            )


def rate_headers(request: HttpRequest | Request) -> dict[str, str]:
    """The `RateLimit-*` header fields for the answer to this request; none when no key was
    counted.
    """
    allowance = request.META.get(_RATE)
    return allowance.headers() if isinstance(allowance, Allowance) else {}


def _count_call(request: Request, key: ApiKey, *, at: datetime) -> None:
    """Count the call, and leave what is left where `rate_headers` finds it: META is what both
    request objects share.
    """
    try:
        request.META[_RATE] = rate_limits.count_call(key.id, limit=key.calls_per_minute, at=at)
    except RateLimited as refusal:
        wait = refusal.retry_after or 1
        request.META[_RATE] = Allowance(limit=key.calls_per_minute, remaining=0, reset_seconds=wait)
        raise


def _read_bearer(header: str) -> str | None:
    if not header:
        return None
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("Send your API key as `Authorization: Bearer sayso_…`.")
    return secret.strip()


def _caller_from_key(key: ApiKey) -> Caller:
    return Caller(
        organisation=key.organisation,
        key_id=key.id,
        product=key.product,
        livemode=key.livemode,
        scopes=frozenset(key.scopes),
        calls_per_minute=key.calls_per_minute,
        expires_at=key.expires_at,
        default_use_case=key.default_use_case or None,
        default_channel=key.default_channel or None,
        default_territory=key.default_territory or None,
        default_language=key.default_language or None,
    )
