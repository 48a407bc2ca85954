"""Which role may do what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import role_permissions
from accounts.models import Role
from accounts.role_permissions import Action
from tests.conftest import NOON
from tests.fixtures.organisations import MakeMember

pytestmark = pytest.mark.once


class TestDemand:
    @pytest.mark.parametrize(
        ("action", "roles"),
        [
            (Action.REVOKE, {Role.OWNER, Role.OFFICER}),
            (Action.SUSPEND, {Role.OWNER, Role.OFFICER, Role.ENGINEER}),
            (Action.ERASE, {Role.OWNER, Role.OFFICER}),
            (Action.APPROVE, {Role.OWNER, Role.OFFICER}),
            (Action.EXPORT, {Role.OWNER, Role.OFFICER, Role.AUDITOR}),
            (Action.MANAGE_KEYS, {Role.OWNER, Role.ENGINEER}),
            (Action.MANAGE_MEMBERS, {Role.OWNER}),
        ],
    )
    def test_follows_the_table(
        self, make_member: MakeMember, action: Action, roles: set[Role]
    ) -> None:
        members = [make_member(role=role) for role in Role]
        assert {
            member.role
            for member in members
            if role_permissions.may_perform(member, action, at=NOON)
        } == roles

    def test_says_what_was_refused(self, make_member: MakeMember) -> None:
        with pytest.raises(role_permissions.RoleMissing) as refusal:
            role_permissions.demand_permission(
                make_member(role=Role.AUDITOR), Action.ERASE, at=NOON
            )
        assert refusal.value.facts == {"role": "auditor", "action": "erase"}

    @pytest.mark.parametrize(
        ("after", "allowed"), [(timedelta(seconds=-1), True), (timedelta(0), False)]
    )
    def test_ends_with_the_access(
        self, make_member: MakeMember, after: timedelta, allowed: bool
    ) -> None:
        auditor = make_member(role=Role.AUDITOR)
        auditor.access_until = NOON
        assert role_permissions.may_perform(auditor, Action.EXPORT, at=NOON + after) == allowed

    def test_refuses_anyone_who_is_switched_off(self, make_member: MakeMember) -> None:
        owner = make_member()
        owner.is_active = False
        assert not role_permissions.may_perform(owner, Action.EXPORT, at=NOON)

    def test_has_a_line_for_every_role(self) -> None:
        assert set(role_permissions.MAY) == set(Role)
