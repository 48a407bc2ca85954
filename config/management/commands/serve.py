"""`manage.py serve`: the service in one process, migrated first; what `make run` and small installations use."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.core.management import call_command
from django.core.management.base import BaseCommand

from config import wire


class Command(BaseCommand):
    help = "Migrate, then serve HTTP (and, without Redis, run the background work) in this process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        uvicorn.run(
            "config.asgi:application",
            host=options["host"],
            port=options["port"],
            log_config=None,
            access_log=False,
            http=wire.BoundedProtocol,
            ws="none",
            server_header=False,
            proxy_headers=False,
        )
