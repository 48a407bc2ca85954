"""Whom to write to about a fault of security: what the operator set, and its file (RFC 9116)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from core import clock

_SCHEMES: Final = frozenset({"https", "mailto", "tel"})


def parse_contacts(text: str) -> tuple[str, ...]:
    """Return the addresses in the text, best first. They are separated by commas or blanks.

    Raises ValueError for what is no address of RFC 9116, section 2.5.3.
    """
    found = tuple(text.replace(",", " ").split())
    for address in found:
        parts = urlsplit(address)
        rest = parts.hostname if parts.scheme == "https" else parts.path
        if parts.scheme not in _SCHEMES or not rest:
            raise ValueError("must name https://, mailto: or tel: addresses")
        if not address.isascii() or not address.isprintable():
            raise ValueError("must be ASCII")

    return found


def parse_expiry(text: str) -> datetime | None:
    """Return the time in the text, or None for no text.

    Raises ValueError for another form than that of RFC 3339.
    """
    if not text.strip():
        return None
    try:
        return clock.parse_rfc3339(text.strip())
    except ValueError:
        raise ValueError("must be a time such as 2027-06-30T00:00:00Z") from None


def write_security_txt(contacts: Sequence[str], *, expires: datetime, address: str) -> str:
    """Return the file that stands at `address`. Only an https address is named in it."""
    fields = [("Contact", contact) for contact in contacts]
    fields += [("Expires", clock.to_rfc3339(expires))]
    if address.startswith("https://"):
        fields += [("Canonical", address)]

    return "".join(f"{name}: {value}\n" for name, value in fields)
