"""Authentication of API calls by a key: who calls, with which scopes, and how often."""

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
from accounts.sandbox_clock import now_for
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
        """The name of this caller in the log."""
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
        """Return the present time of this caller's data.

        It is the real time, or for a test key the time of the organisation's test clock.
        """
        return now_for(self.organisation, livemode=self.livemode, wall_time=clock.now())


class KeyAuthentication(BaseAuthentication):
    """Authenticates `Authorization: Bearer sayso_…`."""

    def authenticate(self, request: Request) -> tuple[Caller, str] | None:
        """Return the Caller and the key's id, or None without the header.

        Counts the call and stores that the key is in use.

        Raises Unauthenticated, KeyExpired, RateLimited.
        """
        header = request.headers.get("Authorization", "")
        if not header:
            return None

        secret = parse_bearer(header)
        if secret is None:
            raise Unauthenticated("Send your API key as `Authorization: Bearer sayso_…`.")

        at = clock.now()
        key = api_key_lookup.authenticate_key(secret, at=at)
        _count_call(request, key, at=at)
        api_key_lookup.note_use(key, at=at)
        return _caller_from_key(key), key.id

    # The framework's signature.
    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the value of `WWW-Authenticate` for a 401."""
        return 'Bearer realm="sayso"'


class HasScope(BasePermission):
    """Checks the `scope` of a view.

    For a view with the scope "speakers", safe methods need `speakers:read`, and the others
    `speakers:write`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True when the caller has the scope.

        Raises Unauthenticated, ScopeMissing.
        """
        right = "read" if request.method in SAFE_METHODS else "write"

        # A view without a scope is closed: to forget the scope must not let a call in.
        demand_scope(get_caller(request), f"{getattr(view, 'scope', 'none')}:{right}")
        return True


def parse_bearer(header: str) -> str | None:
    """Return the secret of an `Authorization` header, or None if it holds none.

    The scheme may be written in any case, with any spaces behind it (RFC 9110, section 11.4).
    """
    # This is the only reader of that header. With a second one, what one of them takes would pass
    # by what the other guards.
    scheme, _, secret = header.partition(" ")
    return (secret.strip() or None) if scheme.lower() == "bearer" else None


def demand_scope(caller: Caller, required: str) -> None:
    """Check that the key has the scope.

    Raises ScopeMissing.
    """
    if required not in caller.scopes:
        raise ScopeMissing("This API key may not do that.", facts={"required": required})


def get_caller(request: Request) -> Caller:
    """Return the Caller of a request.

    Raises Unauthenticated when there is none.
    """
    caller = request.user
    if not isinstance(caller, Caller):
        raise Unauthenticated("Send your API key as `Authorization: Bearer sayso_…`.")

    return caller


def get_sandbox_caller(request: Request) -> Caller:
    """Return the Caller of a request that only test keys may make.

    Raises LiveKeyRefused, Unauthenticated.
    """
    caller = get_caller(request)
    if caller.livemode:
        raise LiveKeyRefused("Only a test key may do that.")

    return caller


def count_more(request: Request, calls: int, *, at: datetime) -> None:
    """Count `calls` more for one request that does the work of several, such as one with two files.

    Raises RateLimited.
    """
    for _ in range(calls):
        allowance = request.META.get(_RATE)
        if isinstance(allowance, Allowance):
            request.META[_RATE] = rate_limits.count_call(
                get_caller(request).key_id, limit=allowance.limit, at=at
            )


def rate_headers(request: HttpRequest | Request) -> dict[str, str]:
    """Return the `RateLimit-*` header fields for the answer to this request.

    There are none when no key was counted.
    """
    allowance = request.META.get(_RATE)
    return allowance.headers() if isinstance(allowance, Allowance) else {}


def _count_call(request: Request, key: ApiKey, *, at: datetime) -> None:
    """Count the call, and store the rest of the allowance for `rate_headers`.

    Raises RateLimited.
    """
    # META is what DRF's request and Django's request share.
    try:
        request.META[_RATE] = rate_limits.count_call(key.id, limit=key.calls_per_minute, at=at)
    except RateLimited as refusal:
        wait = refusal.retry_after or 1
        request.META[_RATE] = Allowance(limit=key.calls_per_minute, remaining=0, reset_seconds=wait)
        raise


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
