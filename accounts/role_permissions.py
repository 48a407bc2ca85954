"""What a member of each role may do in the admin web UI.

Reading is everybody's; whatever is not listed is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from accounts.models import Member, Role
from core.errors import Refused


class Action(StrEnum):
    """An action in the admin web UI that changes something or lets data out."""

    REVOKE = "revoke"
    SUSPEND = "suspend"
    RESUME = "resume"
    APPROVE = "approve"
    ERASE = "erase"
    EXPORT = "export"
    OPEN_EVIDENCE = "open_evidence"
    MANAGE_KEYS = "manage_keys"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_PROVIDERS = "manage_providers"
    CHANGE_POLICY = "change_policy"
    OPEN_SPEAKER = "open_speaker"
    CHANGE_CONTACT = "change_contact"
    SETTLE_REVIEW = "settle_review"
    SEND_AGAIN = "send_again"


# The engineer builds, the officer decides about people, the auditor looks, the owner runs the
# organisation. Erasing and approving are for those who answer for consent, so not for engineers;
# keys are not for officers.
MAY: Final[Mapping[str, frozenset[Action]]] = {
    Role.OWNER: frozenset(Action),
    Role.OFFICER: frozenset(
        {
            Action.REVOKE,
            Action.SUSPEND,
            Action.RESUME,
            Action.APPROVE,
            Action.ERASE,
            Action.EXPORT,
            Action.OPEN_EVIDENCE,
            Action.OPEN_SPEAKER,
            Action.SETTLE_REVIEW,
            Action.SEND_AGAIN,
        }
    ),
    Role.ENGINEER: frozenset({Action.SUSPEND, Action.MANAGE_KEYS, Action.MANAGE_PROVIDERS}),
    Role.AUDITOR: frozenset({Action.EXPORT, Action.OPEN_EVIDENCE}),
}


# Who finds a browser unattended may stop things and start them again, and no more. Everything else
# asks again who is there when the last proof is older than ten minutes.
WITHOUT_FRESH_PROOF: Final = frozenset({Action.SUSPEND, Action.RESUME})


class RoleMissing(Refused):
    """The member's role does not allow this, or the member's access has ended."""

    code = "role_missing"


def demand_permission(member: Member, action: Action, *, at: datetime) -> None:
    """Raise RoleMissing unless this member may do that now."""
    if not may_perform(member, action, at=at):
        raise RoleMissing(
            "Your role does not allow this.", facts={"role": member.role, "action": str(action)}
        )


def may_perform(member: Member, action: Action, *, at: datetime) -> bool:
    """Say whether this member may do that now; to decide what to show.

    What acts calls `demand_permission`.
    """
    return has_access(member, at=at) and action in MAY.get(member.role, frozenset())


def has_access(member: Member, *, at: datetime) -> bool:
    """Say whether this member may be here at all: active, and not past `access_until`."""
    return member.is_active and (member.access_until is None or member.access_until > at)
