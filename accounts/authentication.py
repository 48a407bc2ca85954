"""Authentication of API calls by a key: who calls, with which scopes, and how often."""

from __future__ import annotations

from collections.abc import Iterable
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
from core import clock, connection_places
from core.errors import RateLimited, Refused, SaysoError, Unauthenticated

_RATE: Final = "sayso.rate"
ADMISSION: Final = "sayso.admission"
"""The name of the `Admission` in the scope of a request."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What the edge found out about a request before it read the body.

    - `caller`: whose key it is, counted already, with the rest of its `allowance`.
    - `address_counted`: the request was counted for its address.
    - `refusal`: why the view has to answer without the body.
    """

    caller: Caller | None = None
    allowance: Allowance | None = None
    address_counted: bool = False
    refusal: SaysoError | None = None


def get_admission(request: HttpRequest | Request) -> Admission:
    """Return what the edge found out about this request, which is nothing for a small body."""
    found = getattr(request, "scope", {}).get(ADMISSION)
    return found if isinstance(found, Admission) else Admission()


class KeyAuthentication(BaseAuthentication):
    """Authenticates `Authorization: Bearer sayso_…`."""

    def authenticate(self, request: Request) -> tuple[Caller, str] | None:
        """Return the Caller and the key's id, or None without the header.

        Counts the call and stores that the key is in use, unless the edge did.

        Raises Unauthenticated, KeyExpired, RateLimited.
        """
        admission = get_admission(request)
        if admission.caller is not None:
            if admission.allowance is not None:
                request.META[_RATE] = admission.allowance
            connection_places.name_holder(admission.caller.organisation_id)
            return admission.caller, admission.caller.key_id

        header = request.headers.get("Authorization", "")
        if not header:
            return None

        at = clock.now()
        key = _open_key(header, at=at)
        _count_call(request, key, at=at)
        api_key_lookup.note_use(key, at=at)
        connection_places.name_holder(key.organisation_id)
        return _caller_from_key(key), key.id

    # The framework's signature.
    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the value of `WWW-Authenticate` for a 401."""
        return 'Bearer realm="sayso"'


def admit_key(header: str, *, at: datetime) -> Admission:
    """Authenticate and count a call by its `Authorization` header alone.

    Raises Unauthenticated, KeyExpired, RateLimited.
    """
    key = _open_key(header, at=at)
    allowance = rate_limits.count_call(key.id, limit=key.calls_per_minute, at=at)
    api_key_lookup.note_use(key, at=at)
    return Admission(caller=_caller_from_key(key), allowance=allowance)


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


def find_credentials(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the `Authorization` header of a request as it came, or an empty text.

    Of several the last one counts.
    """
    found = (value for name, value in headers if name.lower() == b"authorization")
    return max(enumerate(found), default=(0, b""))[1].decode("latin-1")


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


def _open_key(header: str, *, at: datetime) -> ApiKey:
    secret = parse_bearer(header)
    if secret is None:
        raise Unauthenticated("Send your API key as `Authorization: Bearer sayso_…`.")

    return api_key_lookup.authenticate_key(secret, at=at)


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
