"""`manage.py serve`: migrate, and run the service in one process, as small installations do."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config.asgi import http_protocol


class Command(BaseCommand):
    help = "Migrate, then serve HTTP (and, without Redis, run the background work) in this process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse_unusable(options["host"], options["port"])
        call_command("migrate", verbosity=0)
        _close_connections()
        uvicorn.run(
            "config.asgi.application:application",
            host=options["host"],
            port=options["port"],
            log_config=None,
            access_log=False,
            http=http_protocol.BoundedProtocol,
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=settings.SAYSO_STOP_SECONDS,
        )


def _close_connections() -> None:
    """Close what the migration used: its statements may take any time, those of a server not."""
    connection.close()
    if hasattr(connection, "close_pool"):
        connection.close_pool()


def _refuse_unusable(host: str, port: int) -> None:
    """Check that the server can listen on this host and port.

    Raises CommandError with one line.
    """
    # The server itself would print many lines, after migrating, or none at all (port 99999).
    try:
        found = socket.getaddrinfo(
            host, port if 0 <= port < 2**16 else None, type=socket.SOCK_STREAM
        )
    except OSError as error:
        raise CommandError(f"cannot serve on {host}: {error.strerror}") from error

    if not 1 <= port < 2**16:
        raise CommandError(f"port {port} is none; choose one from 1 to 65535")

    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise CommandError(f"cannot serve on {host}, port {port}: {error.strerror}") from error
