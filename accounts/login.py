"""Logging in to the admin web UI: members are made by us, so sign-up is closed, and an ended access stays out."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest, HttpResponse

from accounts import permissions
from accounts.models import Member
from core import clock


class MemberAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Tells allauth how this house does it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Nobody signs up: an owner or `manage.py bootstrap` makes members."""
        return False

    def pre_login(self, request: HttpRequest, user: Member, **kwargs: Any) -> HttpResponse | None:
        """Keep out a member whose access has ended (an auditor's visit, say), as if the account were inactive."""
        if not permissions.has_access(user, at=clock.now()):
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer
