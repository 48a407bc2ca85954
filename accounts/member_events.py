"""Records of what members do with logins, factors and roles.

Each makes a line in the log of the process and an entry in the transparency log.
"""

from __future__ import annotations

import hmac
import logging
from datetime import datetime
from typing import Any

from allauth.account.signals import password_changed, user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import domain_events, second_factor
from accounts.models import Member
from core import clock, transactions
from core.canonical_json import Json

logger = logging.getLogger("sayso.security")


@transactions.opens_transaction
def record_member_event(
    kind: domain_events.Kind, member: Member, *, actor: str, at: datetime, **facts: Json
) -> None:
    """Write the line and the log entry of an event that concerns a member."""
    logger.info(kind, extra={"member": member.pk, "actor": actor, **facts})
    domain_events.emit_event(
        domain_events.DomainEvent(
            kind=kind,
            organisation_id=member.organisation_id,
            livemode=True,
            at=at,
            actor=actor,
            refs={},
            facts={"member": member.pk, **facts},
        )
    )


# The address of a browser is no code.
def record_login_failure(request: HttpRequest, login: str) -> None:
    """Write the line of a wrong password, or of a login without a member."""
    logger.warning("member.login_failed", extra={"login_hmac": hash_login(login)})


def record_lockout(request: HttpRequest, login: str) -> None:
    """Write the line that one address tried one login too often.

    When the login is a member's, the transparency log holds it too.
    """
    logger.warning("member.locked_out", extra={"login_hmac": hash_login(login)})

    member = Member.objects.filter(email=login.lower()).first() if login.isascii() else None
    if member is not None:
        record_member_event("member.locked_out", member, actor="system:login", at=clock.now())


def hash_login(login: str) -> str:
    """Return 16 hex digits that stand for a login in lines without a member.

    They are the same for the same login, and cannot be computed without our secret.
    """
    # A login without a member may be the address of a stranger, or a password that was typed into
    # the wrong field.
    return hmac.digest(
        settings.SECRET_KEY.encode(), b"sayso-login-v1\n" + login.lower().encode(), "sha256"
    ).hex()[:16]


def _get_actor_name(member: Member) -> str:
    return f"member:{member.pk}"


@receiver(user_logged_in, dispatch_uid="sayso.member.login")
def _logged_in(sender: object, request: HttpRequest, user: Any, **_more: object) -> None:
    if isinstance(user, Member):
        record_member_event(
            "member.login",
            user,
            actor=_get_actor_name(user),
            at=clock.now(),
            second_factor=second_factor.is_set_up(user),
        )


@receiver(user_logged_out, dispatch_uid="sayso.member.logout")
def _logged_out(sender: object, request: HttpRequest, user: Any, **_more: object) -> None:
    if isinstance(user, Member):
        logger.info("member.logout", extra={"member": user.pk})


@receiver(password_changed, dispatch_uid="sayso.member.password")
def _password_changed(sender: object, request: HttpRequest, user: Member, **_more: object) -> None:
    record_member_event(
        "member.password_changed", user, actor=_get_actor_name(user), at=clock.now()
    )


@receiver(authenticator_added, dispatch_uid="sayso.member.factor.added")
def _factor_added(
    request: HttpRequest, user: Member, authenticator: Authenticator, **_more: object
) -> None:
    _factor_changed("member.factor_added", request, user, authenticator)


@receiver(authenticator_removed, dispatch_uid="sayso.member.factor.removed")
def _factor_removed(
    request: HttpRequest, user: Member, authenticator: Authenticator, **_more: object
) -> None:
    _factor_changed("member.factor_removed", request, user, authenticator)


@receiver(authenticator_reset, dispatch_uid="sayso.member.factor.reset")
def _factor_reset(
    request: HttpRequest, user: Member, authenticator: Authenticator, **_more: object
) -> None:
    _factor_changed("member.factor_added", request, user, authenticator)


@receiver(authentication_failed, dispatch_uid="sayso.member.factor.failed")
def _code_failed(user: Member, authenticator: Authenticator, **_more: object) -> None:
    logger.warning(
        "member.factor_failed", extra={"member": user.pk, "factor": str(authenticator.type)}
    )


@transactions.opens_transaction
def _factor_changed(
    kind: domain_events.Kind, request: HttpRequest, user: Member, authenticator: Authenticator
) -> None:
    """Record the change of a factor, and end every session but the one that made it."""
    member = Member.objects.get(pk=user.pk)
    second_factor.end_sessions(member)
    record_member_event(
        kind, member, actor=_get_actor_name(member), at=clock.now(), factor=str(authenticator.type)
    )
    update_session_auth_hash(request, member)
