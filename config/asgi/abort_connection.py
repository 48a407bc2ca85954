"""Break a connection, so that no client takes what came for the whole.

The connection is closed in the middle, and what waits to be sent is thrown away.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from fcntl import ioctl
from typing import Any, Final

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_UNACKNOWLEDGED: Final = 0x5411  # SIOCOUTQ of Linux: bytes that the other side has not acknowledged
_SEND_BUFFER: Final = 2**16
_RESET: Final = struct.pack("ii", 1, 0)


def limit_send_buffer(send: Send) -> None:
    """Have the system hold at most 64 KiB for this connection: what it holds can no longer be kept
    back.
    """
    if found := _find_socket(send):
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)


async def break_connection(send: Send) -> bool:
    """Break the connection behind this `send` now. Return False when the server has no way to.

    ASGI has no message for it. uvicorn closes a connection whose application fails, but only after
    it has sent all that waits. For a slow client that is a long time, so its transport is aborted.
    When not everything was acknowledged the connection is reset, which throws the rest away in the
    system's buffer too.
    """
    transport = _find_transport(send)
    if transport is None:
        return False
    found = _find_socket(send)
    if found is not None and (transport.get_write_buffer_size() or _has_unsent_bytes(found)):
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()

    # The protocol learns of it in the loop's next rounds, and then reports no error of ours.
    for _ in range(3):
        await asyncio.sleep(0)
    return True


def _find_transport(send: Send) -> asyncio.Transport | None:
    """Return the transport of uvicorn's request, to which its `send` is bound."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    return transport if hasattr(transport, "abort") else None


def _find_socket(send: Send) -> Any:
    transport = _find_transport(send)
    return transport.get_extra_info("socket") if transport is not None else None


def _has_unsent_bytes(found: Any) -> bool:
    with suppress(OSError):
        return bool(struct.unpack("i", ioctl(found.fileno(), _UNACKNOWLEDGED, b"\0" * 4))[0])
    return True
