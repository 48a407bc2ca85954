"""Keeps tests at home: only loopback may be reached, and nothing is written to the developer's data
folder.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings


class NetworkForbidden(RuntimeError):
    """A test tried to reach a machine other than this one."""


def own_data_folder() -> None:
    """Give this run a temporary data folder, unless its starter named one.

    Django's settings are read before any test code, so the places that already hold the default are
    put right here; child processes inherit the environment.
    """
    if "SAYSO_DATA_DIR" not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="sayso-tests-"))
        os.environ["SAYSO_DATA_DIR"] = str(folder)
    folder = Path(os.environ["SAYSO_DATA_DIR"]).resolve()
    settings.SAYSO_DATA_DIR = folder
    settings.STATIC_ROOT = (
        folder / "static"
    )  # WhiteNoise warns when it is missing, and warnings are errors
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    database = settings.DATABASES["default"]
    if "sqlite3" in database["ENGINE"]:
        database["TEST"]["NAME"] = folder / "test.sqlite3"
    else:
        # Two steps of the suite run side by side on one server.
        number = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        database.setdefault("TEST", {})["NAME"] = f"test_{number}"


def stay_at_home() -> None:
    """Refuse every connection and look-up that leaves this machine, except to the servers that a
    URL names.
    """
    named = {urlsplit(os.environ.get(name, "")).hostname for name in ("DATABASE_URL", "REDIS_URL")}
    connect, connect_ex, look_up = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def refuse_strangers(host: object) -> None:
        if host not in named and not is_home(host):
            raise NetworkForbidden(f"tests stay on this machine; something asked for {host!r}")

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6}:
                refuse_strangers(address[0])
            return original(self, address)

        return call

    def guarded_look_up(host: Any, *rest: Any, **options: Any) -> Any:
        refuse_strangers(host)
        return look_up(host, *rest, **options)

    # The socket class lets itself be patched; its stubs, rightly, do not foresee it.
    for name, value in (("connect", guarded(connect)), ("connect_ex", guarded(connect_ex))):
        setattr(socket.socket, name, value)
    setattr(socket, "getaddrinfo", guarded_look_up)  # noqa: B010 - as above


def is_home(host: object) -> bool:
    """Say whether this host is the machine itself."""
    if host in {None, "", "localhost", b"localhost"}:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
