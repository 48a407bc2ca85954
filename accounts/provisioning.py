"""Organisations and members: each is made in one transaction."""

from __future__ import annotations

from datetime import datetime

from accounts import contact_details
from accounts.models import Member, Organisation, Role
from core import ids, shown_text, transactions
from core.errors import Conflict, Invalid


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
