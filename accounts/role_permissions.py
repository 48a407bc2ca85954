"""What a member of each role may do in the admin web UI.

Every member may read. An action that is not listed for a role is refused.
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
# organisation. To erase and to approve belongs to those who answer for consent, so engineers may
# not. Officers may not manage keys.
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


# A stranger at an unattended browser can stop things and start them again, and no more. All other
# actions ask for a new proof when the last one is older than ten minutes.
WITHOUT_FRESH_PROOF: Final = frozenset({Action.SUSPEND, Action.RESUME})


class RoleMissing(Refused):
    """The member's role does not allow this, or the member's access has ended."""

    code = "role_missing"


def demand_permission(member: Member, action: Action, *, at: datetime) -> None:
    """Check that this member may perform the action now.

    Raises RoleMissing.
    """
    if not may_perform(member, action, at=at):
        raise RoleMissing(
            "Your role does not allow this.", facts={"role": member.role, "action": str(action)}
        )


def may_perform(member: Member, action: Action, *, at: datetime) -> bool:
    """Return whether this member may perform the action now, for pages that decide what to show.

    Code that acts calls `demand_permission`.
    """
    return has_access(member, at=at) and action in MAY.get(member.role, frozenset())


def has_access(member: Member, *, at: datetime) -> bool:
    """Return whether this member has access at all: is active, and not past `access_until`."""
    return member.is_active and (member.access_until is None or member.access_until > at)
