"""Django system checks of our own: `check --deploy` refuses what would break a promise in production."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's own name


@register(Tags.security, deploy=True)
def development_leftovers(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Secrets made up in the data folder, and the development switch, have no place in a deployment."""
    if settings.SAYSO_SECRET_IS_FOR_DEVELOPMENT:
        yield Error(
            "SAYSO_SECRET_KEY is the one made up for development.", hint="Set it or its _FILE.", id="sayso.E001"
        )
    if settings.SAYSO_MASTER_IS_FOR_DEVELOPMENT:
        yield Error(
            "SAYSO_MASTER_KEY is the one made up for development.", hint="Set it or its _FILE.", id="sayso.E002"
        )
    if settings.SAYSO_DEVELOPMENT:
        yield Error("SAYSO_DEVELOPMENT is on.", hint="Set it to no.", id="sayso.E003")
    if not settings.SECURE:
        yield Error("SAYSO_PUBLIC_URL does not begin with https://.", id="sayso.E004")


@register(Tags.database, deploy=True)
def single_process_parts(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:  # noqa: ARG001 - Django's signature
    """The embedded parts serve one process; several processes need the servers."""
    if settings.DATABASE_URL is None:
        yield Warning("SQLite serves one machine alone.", hint="Set DATABASE_URL to scale out.", id="sayso.W001")
    if settings.REDIS_URL is None:
        yield Warning("Background work runs inside the server.", hint="Set REDIS_URL to scale out.", id="sayso.W002")
    elif "@" not in settings.REDIS_URL:
        yield Warning("Redis is used without a password.", id="sayso.W003")
