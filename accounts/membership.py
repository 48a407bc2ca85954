"""Changes to members by the operator: a new member, password, second factor or role."""

from __future__ import annotations

import secrets
from datetime import datetime

from allauth.mfa.models import Authenticator

from accounts import member_events, provisioning, second_factor
from accounts.models import Member, Organisation, Role
from core import transactions
from core.errors import NotFound


def get_member(email: str) -> Member:
    """Return the member with this address.

    Raises NotFound.
    """
    member = Member.objects.filter(email=provisioning.canonical_address(email)).first()
    if member is None:
        raise NotFound("There is no member with this address.")

    return member


@transactions.opens_transaction
def add_member(
    *, organisation: Organisation, email: str, role: Role, actor: str, at: datetime
) -> str:
    """Make a member, and return their first password.

    Raises NameTaken, Invalid.
    """
    password = secrets.token_urlsafe(18)
    member = provisioning.create_member(
        organisation=organisation, email=email, password=password, role=role, at=at
    )
    member_events.record_member_event("member.added", member, actor=actor, at=at, role=str(role))

    return password


@transactions.opens_transaction
def reset_password(member: Member, *, actor: str, at: datetime) -> str:
    """Set a new password, end every session, and return the password, which is shown once."""
    password = secrets.token_urlsafe(18)
    member.set_password(password)
    member.save(update_fields=["password"])

    second_factor.end_sessions(member)
    member_events.record_member_event("member.password_changed", member, actor=actor, at=at)

    return password


@transactions.opens_transaction
def reset_second_factor(member: Member, *, actor: str, at: datetime) -> int:
    """Remove every second factor, end every session, and return how many factors there were.

    At the next login the member sets up a new one.
    """
    removed: int = Authenticator.objects.filter(user_id=member.pk).delete()[0]
    second_factor.end_sessions(member)
    member_events.record_member_event(
        "member.factor_removed", member, actor=actor, at=at, factor="all"
    )
    return removed


@transactions.opens_transaction
def change_role(member: Member, role: Role, *, actor: str, at: datetime) -> None:
    """Change the role of a member, and end every session."""
    before = member.role
    member.role = role
    member.save(update_fields=["role"])

    second_factor.end_sessions(member)
    member_events.record_member_event(
        "member.role_changed", member, actor=actor, at=at, role=str(role), before=before
    )
