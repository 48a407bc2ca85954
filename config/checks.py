"""Our own Django system checks, all of which `check --deploy` runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

# Django's own name.
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004

from audio.sandbox import confinement
from core import clock, hooks
from core.delivery import mail, messages
from erasure import tombstones


@register(Tags.compatibility)
# Django's signature.
def check_hooks(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check that every hook has a provider, which a package above fills in its `apps.py`."""
    for name in hooks.list_unfilled():
        yield Error(
            f"The hook {name} has no provider.",
            hint="Fill it in the apps.py of the room that knows the answer.",
            id="sayso.E007",
        )


@register(Tags.security, deploy=True)
def check_development_leftovers(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check that a deployment has secrets of its own, and that the development switch is off."""
    if settings.SAYSO_SECRET_IS_FOR_DEVELOPMENT:
        yield Error(
            "SAYSO_SECRET_KEY is the one made up for development.",
            hint="Set it or its _FILE.",
            id="sayso.E001",
        )

    if settings.SAYSO_MASTER_IS_FOR_DEVELOPMENT:
        yield Error(
            "SAYSO_MASTER_KEY is the one made up for development.",
            hint="Set it or its _FILE.",
            id="sayso.E002",
        )

    if settings.SAYSO_DEVELOPMENT:
        yield Error("SAYSO_DEVELOPMENT is on.", hint="Set it to no.", id="sayso.E003")
    if not settings.SECURE:
        yield Error("SAYSO_PUBLIC_URL does not begin with https://.", id="sayso.E004")


@register(Tags.security, deploy=True)
def check_evidence_settings(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check that the configured attestors can be believed, and are enough for the quorum."""
    if settings.SAYSO_TSA_URL and not os.access(settings.SAYSO_TSA_ROOTS or "", os.R_OK):
        yield Error(
            "SAYSO_TSA_URL is set, but SAYSO_TSA_ROOTS names no file that can be read: no time "
            "stamp would be kept.",
            hint="Set it to the PEM file of the authority's roots.",
            id="sayso.E005",
        )

    if settings.SAYSO_WITNESSES and len(settings.SAYSO_WITNESSES) < settings.SAYSO_WITNESS_QUORUM:
        yield Error(
            "SAYSO_WITNESS_QUORUM asks for more witnesses than SAYSO_WITNESSES names.",
            id="sayso.E006",
        )


@register(Tags.security, deploy=True)
def check_security_contact(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check that the time of the address for faults of security is not over."""
    expires = settings.SAYSO_SECURITY_EXPIRES
    if expires is not None and expires <= clock.now():
        yield Warning(
            "SAYSO_SECURITY_EXPIRES is over, so /.well-known/security.txt is not shown.",
            hint="See that the address is read, and set a later time.",
            id="sayso.W008",
        )


@register(Tags.security, deploy=True)
def check_torn_tombstones(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check that every tombstone can be read, and so that a restore could be finished."""
    try:
        torn = tombstones.read_tombstones().torn
    except OSError as error:
        yield Error(f"The tombstones cannot be read: {error.strerror}.", id="sayso.E009")
        return

    for line in torn:
        yield Warning(
            f"Line {line.number} of {tombstones.FILE} is not a tombstone.",
            hint="`manage.py verify_log` says which erasures have none.",
            id="sayso.W007",
        )


@register(Tags.security, deploy=True)
def check_confinement(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check that the kernel can confine the child processes that read foreign files."""
    if not confinement.is_supported():
        yield Warning(
            "Foreign files are read by a child process that is not confined.",
            hint="Use a Linux kernel with seccomp, on x86-64 or ARM64.",
            id="sayso.W005",
        )
    elif not confinement.is_folder_supported():
        yield Warning(
            "The built-in engine cannot speak texts in several scripts.",
            hint="Use a Linux kernel with Landlock (5.13).",
            id="sayso.W006",
        )


@register(Tags.database, deploy=True)
def check_single_process_parts(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check for embedded parts, which serve one process only."""
    if settings.DATABASE_URL is None:
        yield Warning(
            "SQLite serves one machine alone.",
            hint="Set DATABASE_URL to scale out.",
            id="sayso.W001",
        )

    if settings.REDIS_URL is None:
        yield Warning(
            "Background work runs inside the server.",
            hint="Set REDIS_URL to scale out.",
            id="sayso.W002",
        )
    elif "@" not in settings.REDIS_URL:
        yield Warning("Redis is used without a password.", id="sayso.W003")


@register(Tags.security, deploy=True)
def check_delivery_channels(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check that there is a channel for signing links."""
    # Without one, live requests are refused, but for those of level L0.
    if not mail.is_mail_configured() and not messages.is_gateway_configured():
        yield Warning(
            "No channel brings signing links to people: live requests are refused with 503.",
            hint="Set SAYSO_EMAIL_URL or SAYSO_MESSAGES_URL.",
            id="sayso.W004",
        )


@register(Tags.translation, deploy=True)
def check_compiled_translations(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check that every language has its compiled catalog."""
    # Without it, a language falls back to English silently.
    for folder in settings.LOCALE_PATHS:
        for source in sorted(Path(folder).glob("*/LC_MESSAGES/django.po")):
            if not source.with_suffix(".mo").exists():
                yield Error(
                    f"The translations in {source.parent.parent.name} are not compiled.",
                    hint="Run `pybabel compile -d locale -D django`.",
                    id="sayso.E008",
                )
