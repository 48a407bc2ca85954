"""Where a provider may be: https and public, or an engine's host that the operator named.

An address is judged twice: as text, when it is saved and before each request, and as what its name
resolves to, at each connection.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from django.conf import settings

from core.errors import Fault, Invalid
from core.web_hosts import IpAddress, parse_authority, read_ip_literal, write_authority
from upstream.address_ranges import is_loopback, is_private, is_public
from upstream.upstream_errors import ProviderAddressRefused

LONGEST_BASE: Final = 500
LONGEST_URL: Final = 8000

_BASE: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#@\\]+)((?:/[A-Za-z0-9._~-]+)*)/?")
_FULL: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#@\\]+)((?:[/?][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)"
)
_PORTS: Final = {"http": 80, "https": 443}
# RFC 6761, 6762, 8375, and ICANN's `.internal`: names that no public server may have.
_LOCAL_NAMES: Final = frozenset({"localhost", "local", "internal", "arpa"})


def check_base_url(url: str, *, is_self_hosted: bool) -> str:
    """Return the address in its one spelling: scheme, host, port and path, without a final `/`.

    A cloud provider is reached by https at a public host. A self-hosted engine is reached at a
    host of `SAYSO_ENGINE_HOSTS` alone, by http as well. In development loopback will do for both.

    A name is not looked up here. What it leads to is judged at each connection.

    Raises Invalid with one fault of `base_url`: `url_invalid`, `scheme_not_allowed`,
    `address_not_allowed` or `host_not_listed`.
    """
    found = _BASE.fullmatch(url) if len(url) <= LONGEST_BASE else None
    if found is None or {".", ".."} & set(found[3].split("/")):
        raise _fault(
            "url_invalid", "Write it as `https://host/path`, without user, query or fragment."
        )

    scheme, (host, port) = found[1].lower(), _read_authority(found[2])
    if scheme not in _PORTS:
        raise _fault("scheme_not_allowed", "Use an https address.")

    reached = port or _PORTS[scheme]
    if is_self_hosted:
        _check_engine(host, reached)
    else:
        _check_cloud(scheme, host)

    shown = None if reached == _PORTS[scheme] else reached
    return f"{scheme}://{write_authority(host, shown)}{found[3]}"


def check_audio_url(url: str, *, origins: Collection[str], is_self_hosted: bool) -> tuple[str, str]:
    """Return the base and the rest (path and query) of an audio's address in a provider's answer.

    `origins` are the bases from which this provider may hand audio out, each without a path. The
    rest is as the provider wrote it, because it may be signed.

    Raises ProviderAddressRefused.
    """
    try:
        base, rest = split_file_url(url, is_self_hosted=is_self_hosted)
    except Invalid as invalid:
        if invalid.faults[0].code == "url_invalid":
            raise ProviderAddressRefused(
                "The provider's answer names audio by no plain address."
            ) from None
        base, rest = "", ""
    if not base or base not in origins:
        raise ProviderAddressRefused("The provider's answer names audio at another host.")

    return base, rest


def split_file_url(url: str, *, is_self_hosted: bool) -> tuple[str, str]:
    """Return the base and the rest (path and query) of a file's address, as it was written.

    Raises Invalid as `check_base_url`.
    """
    found = _FULL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if found is None:
        raise _fault("url_invalid", "Write it as a plain `https://host/path`.")

    base = check_base_url(f"{found[1]}://{found[2]}", is_self_hosted=is_self_hosted)
    return base, found[3]


def check_address(address: IpAddress, *, host: str, port: int, is_self_hosted: bool) -> None:
    """Check one IP address that `host` leads to.

    Loopback is reached by its own names alone, never by a name that resolves there.

    Raises ProviderAddressRefused.
    """
    if is_loopback(address):
        allowed = _means_loopback(host) and _may_use_loopback(
            host, port, is_self_hosted=is_self_hosted
        )
    else:
        listed = is_self_hosted and is_engine_host(host, port)
        allowed = is_public(address) or (listed and is_private(address))

    if not allowed:
        raise ProviderAddressRefused(
            "The provider's address leads into a network that is not reached from here."
        )


def is_engine_host(host: str, port: int) -> bool:
    """Return whether the operator named this host, with this port or with none."""
    return any(
        host == named and allowed in {None, port} for named, allowed in settings.SAYSO_ENGINE_HOSTS
    )


def _check_cloud(scheme: str, host: str) -> None:
    if settings.SAYSO_DEVELOPMENT and _means_loopback(host):
        return
    if scheme != "https":
        raise _fault("scheme_not_allowed", "Use an https address.")

    address = read_ip_literal(host)
    local = "." not in host or host.rpartition(".")[2] in _LOCAL_NAMES
    if not is_public(address) if address else local:
        raise _fault("address_not_allowed", "Use a host of the public internet.")


def _check_engine(host: str, port: int) -> None:
    if not (is_engine_host(host, port) or (settings.SAYSO_DEVELOPMENT and _means_loopback(host))):
        raise _fault(
            "host_not_listed", "The operator has not named this host and port in the settings."
        )

    address = read_ip_literal(host)
    if address and not (is_loopback(address) or is_private(address) or is_public(address)):
        raise _fault("address_not_allowed", "No engine can be at an address of this kind.")


def _may_use_loopback(host: str, port: int, *, is_self_hosted: bool) -> bool:
    return settings.SAYSO_DEVELOPMENT or (is_self_hosted and is_engine_host(host, port))


def _means_loopback(host: str) -> bool:
    address = read_ip_literal(host)
    return is_loopback(address) if address else host == "localhost"


def _read_authority(text: str) -> tuple[str, int | None]:
    try:
        return parse_authority(text)
    except ValueError:
        raise _fault(
            "url_invalid", "Write the host as a name in ASCII or a plain IP address."
        ) from None


def _fault(code: str, detail: str) -> Invalid:
    fault = Fault(code=code, detail=detail, attr="base_url")
    return Invalid("The address cannot be that of a provider.", faults=[fault])
