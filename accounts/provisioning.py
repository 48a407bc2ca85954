"""Changes to organisations and members, each one transaction, and the test clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from accounts import (
    contact_details,
    domain_events,
)
from accounts.models import Member, Organisation, Role
from accounts.sandbox_clock import now_for
from core import clock, ids, shown_text, transactions
from core.durations import Duration
from core.errors import Conflict, Fault, Invalid

_FURTHEST: Final = timedelta(days=365 * 200)


class NameTaken(Conflict):
    """There is such an organisation or member already."""

    code = "name_taken"


@transactions.opens_transaction
def create_organisation(
    *, name: str, at: datetime, reached_at: str = "", dpo: str = ""
) -> Organisation:
    """Make an organisation, with how people reach it and its data protection officer.

    Raises NameTaken, Invalid.
    """
    name = shown_text.clean_name(name, attr="name")
    if Organisation.objects.filter(name=name).exists():
        raise NameTaken("There is an organisation of this name already.")
    said = {
        "contact": contact_details.parse_contact(reached_at, attr="contact"),
        "dpo": contact_details.parse_contact(dpo, attr="dpo"),
    }
    return Organisation.objects.create(id=ids.new("org"), name=name, contact=said, created_at=at)


def canonical_address(email: str) -> str:
    """Return the one spelling of a login.

    Raises Invalid for letters that may only look like those of another's.
    """
    address = email.strip()
    if not address.isascii():
        raise Invalid(
            "The address of a member is written in ASCII, a domain in other letters as xn--."
        )
    return address.lower()


@transactions.opens_transaction
def create_member(
    *, organisation: Organisation, email: str, password: str, role: str, at: datetime
) -> Member:
    """Create a member who can log in.

    Raises NameTaken when a member of any organisation has this address already.

    Raises Invalid.
    """
    email = canonical_address(email)
    if Member.objects.filter(email=email).exists():
        raise NameTaken("There is a member with this address already.")
    member = Member(
        id=ids.new("mem"), organisation=organisation, email=email, role=Role(role), date_joined=at
    )
    member.set_password(password)
    member.save(force_insert=True)
    return member


@transactions.opens_transaction
def advance_test_clock(
    *, organisation: Organisation, duration: Duration, actor: str, wall_time: datetime
) -> datetime:
    """Move the organisation's test clock forward by a calendar duration, and return its new time.

    Never backwards: what happened in test data stays in the past. Raises Invalid when it would
    leave the calendar.
    """
    row = Organisation.objects.select_for_update().get(id=organisation.id)
    now = now_for(row, livemode=False, wall_time=wall_time)
    later = duration.after(now)
    if later - wall_time > _FURTHEST:
        detail = "The test clock goes no further than 200 years ahead."
        raise Invalid(detail, faults=(Fault(code="out_of_range", detail=detail, attr="advance"),))
    Organisation.objects.filter(id=row.id).update(
        test_clock_ms=clock.to_millis(later) - clock.to_millis(wall_time)
    )
    organisation.refresh_from_db(fields=["test_clock_ms"])
    domain_events.emit_event(
        domain_events.DomainEvent(
            kind="clock.advanced",
            organisation_id=row.id,
            livemode=False,
            at=later,
            actor=actor,
            refs={},
            facts={"now": clock.to_rfc3339(later)},
        )
    )
    return later
