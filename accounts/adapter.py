"""Logging in to the admin web UI: members are made by us, so sign-up is closed, and an ended access
stays out.
"""

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
    """Finds members by the one address that they were given.

    allauth also takes addresses that members added themselves. It treats letters that look the
    same as one letter.
    """

    def _authenticate_by_email(self, email: str, password: str) -> Member | None:
        member = Member.objects.filter(email=email.lower()).first() if email.isascii() else None
        found: Member | None = self._check_password(member, password)
        return found


class MemberAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Tells allauth how this house does it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Nobody signs up: an owner or `manage.py bootstrap` makes members."""
        return False

    def pre_login(self, request: HttpRequest, user: Member, **kwargs: Any) -> HttpResponse | None:
        """Keep out a member whose access has ended (an auditor's visit, say), as if the account
        were inactive.
        """
        if not role_permissions.has_access(user, at=clock.now()):
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead to setting up a second factor whoever has none yet."""
        if not second_factor.is_set_up(request.user):  # type: ignore[arg-type]  # logged in just now
            return reverse("mfa_activate_totp")
        return str(super().get_login_redirect_url(request))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt.

        Raises ValidationError once this address has tried this login too often.
        """
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            # Once for each time that it is locked: who goes on guessing must not fill the log.
            if cache.add(
                f"locked|{self._get_login_attempts_cache_key(request, **credentials)}", 1, 300
            ):
                member_events.record_lockout(request, str(credentials.get("email") or ""))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Write down that a password was wrong."""
        member_events.record_login_failure(request, str(credentials.get("email") or ""))

    def reauthenticate(self, user: Member, password: str) -> bool:
        """Check the password of who is logged in already."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:  # noqa: ARG002 - allauth's signature
        """Ask again unless the last proof is fresh: a login just now is one."""
        return not recent_login.is_fresh(self.request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count by address and login: who guesses somewhere else locks nobody out here."""
        return f"{get_ip(request)}|{str(credentials.get('email') or '').lower()}"
