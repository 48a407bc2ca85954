"""Rules for logging in to the admin web UI."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.ratelimit import get_ip
from django.core.cache import cache
from django.forms import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import member_events, recent_login, role_permissions, second_factor
from accounts.models import Member
from core import clock


class MemberBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """Finds members by the one address that they were given."""

    def _authenticate_by_email(self, email: str, password: str) -> Member | None:
        # allauth also takes addresses that members added themselves, and it treats letters that
        # look the same as one letter.
        member = Member.objects.filter(email=email.lower()).first() if email.isascii() else None
        found: Member | None = self._check_password(member, password)
        return found


class MemberAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Adapts allauth to members whom the operator or an owner makes."""

    # Allauth's signature.
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Return False: an owner or `manage.py bootstrap` makes members, and sign-up is closed."""
        return False

    def pre_login(self, request: HttpRequest, user: Member, **kwargs: Any) -> HttpResponse | None:
        """Refuse a member whose access has ended, as if the account were inactive.

        The access of an auditor who visits ends in this way, for example.
        """
        if not role_permissions.has_access(user, at=clock.now()):
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))

        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return the next page: a member without a second factor sets one up first."""
        # Logged in just now.
        if not second_factor.is_set_up(request.user):  # type: ignore[arg-type]
            return reverse("mfa_activate_totp")

        return str(super().get_login_redirect_url(request))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt.

        Raises ValidationError once this address has tried this login too often.
        """
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            # One entry for each time that the login is locked: a client that goes on guessing must
            # not fill the log.
            if cache.add(
                f"locked|{self._get_login_attempts_cache_key(request, **credentials)}", 1, 300
            ):
                member_events.record_lockout(request, str(credentials.get("email") or ""))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record that a password was wrong."""
        member_events.record_login_failure(request, str(credentials.get("email") or ""))

    def reauthenticate(self, user: Member, password: str) -> bool:
        """Check the password of a member who is logged in already."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    # Allauth's signature.
    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:  # noqa: ARG002
        """Return whether to ask again: a login of the last ten minutes is proof enough."""
        return not recent_login.is_fresh(self.request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return the key that attempts are counted under: the client's address and the login."""
        # With the address in it, guessing at one place locks no member out at another place.
        return f"{get_ip(request)}|{str(credentials.get('email') or '').lower()}"
