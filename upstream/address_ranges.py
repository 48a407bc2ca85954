"""Which IP addresses are public, private or this machine, by tables of our own.

Python's `is_global` changes with its releases, and calls multicast global. The tables are those of
IANA's registries of special-purpose addresses (RFC 6890 and what updates it).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from core.web_hosts import IpAddress

_LOOPBACK_4: Final = IPv4Network("127.0.0.0/8")
_LOOPBACK_6: Final = IPv6Address("::1")
# CGNAT stands among them: overlay networks such as Tailscale's number their hosts so.
_PRIVATE_4: Final = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
)
_PRIVATE_6: Final = IPv6Network("fc00::/7")
_SPECIAL_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only this block holds addresses of the public internet, but for the parts after it: Teredo and
# other protocols, documentation, 6to4.
_PUBLIC_6: Final = IPv6Network("2000::/3")
_SPECIAL_6: Final = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# A network without IPv4 reaches an IPv4 address by this prefix (RFC 6052).
_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_loopback(address: IpAddress) -> bool:
    """Return whether the address is this machine. A mapped form of IPv6 is not counted as one."""
    if isinstance(address, IPv4Address):
        return address in _LOOPBACK_4
    return address == _LOOPBACK_6


def is_private(address: IpAddress) -> bool:
    """Return whether the address belongs to a private network."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in _PRIVATE_4)
    return address in _PRIVATE_6


def is_public(address: IpAddress) -> bool:
    """Return whether the address belongs to the public internet.

    The IPv6 forms that carry an IPv4 address are none, but for NAT64's, which is judged by what it
    carries.
    """
    if isinstance(address, IPv4Address):
        beside = (_LOOPBACK_4, *_PRIVATE_4, *_SPECIAL_4)
        return not any(address in network for network in beside)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))

    return address in _PUBLIC_6 and not any(address in network for network in _SPECIAL_6)
