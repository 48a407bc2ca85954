"""The host of a web address in its one spelling: an ASCII name, or an IP address as it is printed.

Readers differ about `127.1`, `0x7f.1`, `2130706433`, `[::1%1]` or full-width digits. What they
could differ about is refused here, so that what is judged is what is reached.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# Where the last label is a number, some readers take the whole for an IPv4 address (WHATWG URL).
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


def parse_authority(text: str) -> tuple[str, int | None]:
    """Return the host and the port of `host`, `host:port` or `[IPv6]:port`.

    The host is in lower case, an IPv6 address is without brackets and compressed. No user
    information is taken, no final dot, no zone.

    Raises ValueError.
    """
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        raise ValueError("is no host")

    port = int(found[2]) if found[2] else None
    if port is not None and not 1 <= port <= 65535:
        raise ValueError("has a port outside of 1 to 65535")

    return _parse_host(found[1].lower()), port


def parse_host_list(text: str) -> tuple[tuple[str, int | None], ...]:
    """Return the hosts in the text, each with its port or None. Commas or blanks separate them.

    Raises ValueError, which does not repeat the text.
    """
    try:
        return tuple(parse_authority(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise ValueError("must name hosts, such as tts.lan:8880 or [fd00::7]:4123") from None


def parse_named_hosts(text: str) -> dict[str, str]:
    """Return names by host, of pairs such as `inworld=tts.example`. Commas or blanks separate them.

    Raises ValueError, which does not repeat the text.
    """
    found: dict[str, str] = {}
    for pair in text.replace(",", " ").split():
        name, _, authority = pair.partition("=")
        try:
            host, port = parse_authority(authority)
        except ValueError:
            host, port = "", None
        if not _LABEL.fullmatch(name) or not host or port is not None:
            raise ValueError("must be name=host pairs, such as inworld=tts.example.com")
        found[host] = name

    return found


def read_ip_literal(host: str) -> IpAddress | None:
    """Return the address that a host of `parse_authority` is, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def write_authority(host: str, port: int | None) -> str:
    """Return `host:port`, with brackets around an IPv6 address."""
    written = f"[{host}]" if ":" in host else host
    return written if port is None else f"{written}:{port}"


def _parse_host(text: str) -> str:
    if text.startswith("["):
        return ipaddress.IPv6Address(text[1:-1]).compressed

    labels = text.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return str(ipaddress.IPv4Address(text))
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("is no host")

    return text
