"""How people reach an organisation and its data protection officer.

An entry is an e-mail address, an https address, or words such as a postal address. It is printed on
pages, in mails and on documents, so it holds no line break and no invisible character.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts import domain_events, note_sealing
from accounts.domain_events import DomainEvent
from accounts.models import Organisation
from core import shown_text, transactions, unicode_ranges
from core.caller_notes import NoteChanges
from core.errors import Fault, Invalid

LONGEST: Final = 300
FEWEST: Final = 3
"""The least number of letters and digits that an entry in words has."""

FIELDS: Final = ("contact", "dpo")
_CONTACT_INVALID: Final = "contact_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Addresses of the organisation and of its data protection officer, "" where there is none."""

    contact: str = ""
    dpo: str = ""


def get_contact(organisation: Organisation) -> Contact:
    """Return an organisation's present contact."""
    kept: Mapping[str, object] = organisation.contact
    return Contact(
        contact=str(kept.get("contact") or kept.get("email") or kept.get("address") or ""),
        dpo=str(kept.get("dpo") or ""),
    )


def parse_contact(text: str, *, attr: str) -> str:
    """Return an entry in its canonical spelling, or "" for an empty one.

    Raises Invalid with a fault that describes what is wrong.
    """
    said = _unify_spaces(unicodedata.normalize("NFC", text))
    if not said:
        return ""
    if wrong := _describe_fault(said):
        raise Invalid(wrong, faults=(Fault(code=_CONTACT_INVALID, detail=wrong, attr=attr),))

    return said


def link_to(entry: str) -> str:
    """Return the address that a link to this entry opens, or "" for an entry in words."""
    if _is_mail(entry):
        return f"mailto:{entry}"

    return entry if entry.startswith("https://") else ""


@transactions.opens_transaction
def change_contact(
    organisation_id: str,
    changes: Mapping[str, str],
    *,
    actor: str,
    at: datetime,
    notes: NoteChanges | None = None,
) -> Organisation:
    """Change the contact, the data protection officer, and what the caller notes beside them.

    Raises Invalid. The contact cannot be emptied.
    """
    entries = {name: parse_contact(changes[name], attr=name) for name in FIELDS if name in changes}

    if entries.get("contact") == "":
        wrong = "People must be able to reach the organisation."
        raise Invalid(wrong, faults=(Fault(code="blank", detail=wrong, attr="contact"),))

    row = Organisation.objects.select_for_update().get(id=organisation_id)
    if notes:
        _change_notes(row, notes, at=at)
    present = get_contact(row)
    before = {"contact": present.contact, "dpo": present.dpo}
    after = {**before, **entries}
    if after == before:
        return row

    row.contact = after
    row.save(update_fields=["contact"])

    domain_events.emit_event(
        DomainEvent(
            kind="admin.action",
            organisation_id=row.id,
            livemode=True,
            at=at,
            actor=actor,
            refs={},
            facts={"action": "organisation.contact_changed", "fields": sorted(entries)},
        )
    )

    return row


def _change_notes(row: Organisation, changes: NoteChanges, *, at: datetime) -> None:
    sealer = note_sealing.note_sealer.get()
    noted = sealer.open_notes(row, organisation_id=row.id).with_changes(changes)
    kept = sealer.columns(noted, row_id=row.id, organisation_id=row.id, at=at)

    for column, value in kept.items():
        setattr(row, column, value)
    row.save(update_fields=sorted(kept))


def _describe_fault(entry: str) -> str:
    """Return what is wrong with an entry, or ""."""
    if len(entry) > LONGEST:
        return f"An address has at most {LONGEST} characters."
    # The words of a postal address may need joiners. An address of the internet has none.
    is_link = "://" in entry or "@" in entry
    if any(_is_hidden(one) and (is_link or not shown_text.is_needed(one)) for one in entry):
        return "The address holds a line break or an invisible character."

    if "://" in entry:
        return (
            "" if _is_https(entry) else "An internet address begins with https:// and names a host."
        )

    if "@" in entry and " " not in entry:
        return "" if _is_mail(entry) else "This is not an e-mail address."
    if sum(character.isalnum() for character in entry) < FEWEST:
        return "Give an e-mail address, an https address, or a postal address."

    return ""


def _unify_spaces(text: str) -> str:
    """Return the text with the plain space for every other, as the wide one of Japanese."""
    spaced = (" " if unicodedata.category(one) == "Zs" else one for one in text)
    return "".join(spaced).strip(" ")


def _is_hidden(character: str) -> bool:
    """Return whether a character is no space and draws nothing. Marks are drawn with a letter."""
    if character == " " or unicodedata.category(character).startswith("M"):
        return unicode_ranges.is_ignorable(character)

    return not unicode_ranges.is_drawn(character)


def _is_https(entry: str) -> bool:
    try:
        parts = urlsplit(entry)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False

    plain = (
        parts.scheme == "https" and " " not in entry and not parts.username and not parts.password
    )
    return plain and port_is_fine and bool(parts.hostname) and "." in str(parts.hostname)


def _is_mail(entry: str) -> bool:
    try:
        validate_email(entry)
    except ValidationError:
        return False

    return True
