"""Connections to providers: judged addresses alone, kept open, one set for each event loop.

Clouds and engines never share a connection, because other rules hold for them. Hosts that callers
name have connections and threads for look-ups of their own. A child process after a fork forgets
what it inherited.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from typing import Final
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings

from upstream.address_ranges import is_loopback, is_private, is_public
from upstream.address_rules import check_address

READ_AHEAD: Final = 2**16
"""Bytes. When twice as many wait for a reader, no more is read, and the provider has to wait."""
NAME_SECONDS = 5
"""How long the judged addresses of a name are used for further connections."""
_KEPT_SECONDS: Final = 30.0
_CALLERS_LOOK_UPS: Final = 4
_Kind = tuple[bool, bool]
_AddressInfo = tuple[int, int, int, str, tuple[object, ...]]


class JudgingResolver(AbstractResolver):
    """Looks a name up, and gives its addresses out only if all of them may be reached."""

    def __init__(self, *, is_self_hosted: bool, is_callers: bool = False) -> None:
        """`is_callers`: a name whose servers hang keeps only other names of callers waiting."""
        self._is_self_hosted, self._is_callers = is_self_hosted, is_callers

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses, which are connected to as they are.

        Raises OSError, ProviderAddressRefused.
        """
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        threads = _kept.callers_threads if self._is_callers else None
        found = await asyncio.get_running_loop().run_in_executor(threads, look_up)

        results = []
        for kind, _, protocol, _, place in found:
            check_address(
                ip_address(str(place[0])), host=host, port=port, is_self_hosted=self._is_self_hosted
            )
            results.append(
                ResolveResult(
                    hostname=host,
                    host=str(place[0]),
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        return results

    async def close(self) -> None:
        """Do nothing: nothing is held."""


class CheckedRequest(aiohttp.ClientRequest):
    """A request that is not sent on a connection on which something came unasked.

    Else the next answer would be what a provider had sent too much of before.
    """

    used: asyncio.Transport | None = None

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Send it. Raises StaleConnection before a byte of it left."""
        self.used = conn.transport
        if conn.protocol is None or conn.protocol.should_close:
            raise StaleConnection
        return await super().send(conn)


class StaleConnection(aiohttp.ServerDisconnectedError):
    """Nothing was sent, so the request may be sent again."""


async def break_failed(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send the request, and break its connection at once when it fails or is given up.

    The library would close it when the rest of the body is sent, which a provider may never take.
    """
    try:
        return await handler(request)
    except BaseException:
        if isinstance(request, CheckedRequest) and request.used is not None:
            break_upstream(request.used)
        raise


def break_upstream(transport: asyncio.BaseTransport) -> None:
    """End a connection so that the other side sees it at once, whatever is on its way to it."""
    # Without this the end would wait behind what the other side does not read.
    if (one := transport.get_extra_info("socket")) is not None:
        with suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _make_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_CALLERS_LOOK_UPS, thread_name_prefix="sayso-names")


@dataclass
class _Kept:
    """What this process holds open.

    A child process keeps the sessions of its parent's loops, and never runs those. Their end would
    write to what the parent uses.
    """

    sessions: dict[asyncio.AbstractEventLoop, dict[_Kind, aiohttp.ClientSession]] = field(
        default_factory=dict
    )
    sockets: WeakSet[socket.socket] = field(default_factory=WeakSet)
    callers_threads: ThreadPoolExecutor = field(default_factory=_make_threads)


_kept: Final = _Kept()


def get_session(*, is_self_hosted: bool, is_callers: bool = False) -> aiohttp.ClientSession:
    """Return the session of the running event loop, which is made with the first request."""
    sessions = _kept.sessions.setdefault(asyncio.get_running_loop(), {})
    kind = (is_self_hosted, is_callers)
    if kind not in sessions:
        sessions[kind] = _open_session(is_self_hosted=is_self_hosted, is_callers=is_callers)
    return sessions[kind]


async def close_sessions() -> None:
    """Close all connections of the running event loop."""
    sessions = _kept.sessions.pop(asyncio.get_running_loop(), {})
    for session in sessions.values():
        await session.close()


def _open_session(*, is_self_hosted: bool, is_callers: bool) -> aiohttp.ClientSession:
    tls = ssl.create_default_context()
    tls.set_alpn_protocols(["http/1.1"])
    connector = aiohttp.TCPConnector(
        ssl=tls,
        resolver=JudgingResolver(is_self_hosted=is_self_hosted, is_callers=is_callers),
        socket_factory=partial(_open_socket, is_self_hosted=is_self_hosted),
        limit=0,
        keepalive_timeout=_KEPT_SECONDS,
        ttl_dns_cache=NAME_SECONDS,
    )
    return aiohttp.ClientSession(
        connector=connector,
        request_class=CheckedRequest,
        middlewares=[break_failed],
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        read_bufsize=READ_AHEAD,
        timeout=aiohttp.ClientTimeout(total=None),
    )


def _open_socket(info: _AddressInfo, *, is_self_hosted: bool) -> socket.socket:
    """Return a socket for an address that is judged once more: nothing goes around this place.

    The client asks no resolver about an address that is written as a number.
    """
    address = ip_address(str(info[4][0]))
    local = is_loopback(address) and (is_self_hosted or settings.SAYSO_DEVELOPMENT)
    if not (is_public(address) or local or (is_self_hosted and is_private(address))):
        raise PermissionError("an address that is not reached from here")

    made = socket.socket(info[0], info[1], info[2])
    _kept.sockets.add(made)
    return made


def _forget_inherited() -> None:
    # The child's copies of the sockets would keep connections open that the parent closes.
    for one in list(_kept.sockets):
        one.close()
    _kept.sockets = WeakSet()
    _kept.callers_threads = _make_threads()


os.register_at_fork(after_in_child=_forget_inherited)
