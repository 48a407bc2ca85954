"""The second factor of members, and what a member without one may see."""

from __future__ import annotations

from typing import Final, TypeVar

from allauth.mfa.models import Authenticator
from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Model, QuerySet

from accounts.models import Member

Row = TypeVar("Row", bound=Model)

# Recovery codes stand in for a lost factor. They are no second factor by themselves.
KINDS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_set_up(member: Member) -> bool:
    """Return whether the member has a second factor.

    A member who has one has shown it in every session that is alive.
    """
    return bool(Authenticator.objects.filter(user_id=member.pk, type__in=KINDS).exists())


def restrict_to_test_data(rows: QuerySet[Row], member: Member) -> QuerySet[Row]:
    """Return the `rows` that the member may see: test data only without a second factor.

    Of a table that is neither live nor test data, such a member sees nothing.
    """
    if is_set_up(member):
        return rows

    try:
        rows.model._meta.get_field("livemode")
    except FieldDoesNotExist:
        return rows.none()

    return rows.filter(livemode=False)


def end_sessions(member: Member) -> None:
    """End every session of the member.

    The caller keeps its own session by `update_session_auth_hash`.
    """
    Member.objects.filter(pk=member.pk).update(session_epoch=F("session_epoch") + 1)
    member.refresh_from_db(fields=["session_epoch"])
