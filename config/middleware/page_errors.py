"""Log what goes wrong behind a page: the class of the error and its place, never its message or the
address.
"""

from __future__ import annotations

import logging
import sys

from django.core.signals import got_request_exception
from django.http import HttpRequest

from core.errors import SaysoError

logger = logging.getLogger(__name__)


def listen_for_errors() -> None:
    """Have every error that becomes a 500 logged. A second call changes nothing."""
    got_request_exception.connect(log_page_error, dispatch_uid="sayso.page_errors")


def log_page_error(sender: object, request: HttpRequest | None = None, **_more: object) -> None:
    """Write the line. The route names the page by its pattern: a path may hold a secret."""
    error = sys.exc_info()[1]
    found = request.resolver_match if request is not None else None
    named = {"code": error.stable_code} if isinstance(error, SaysoError) else {}
    logger.error(
        "page failed", exc_info=error, extra={"route": found.route if found else "none", **named}
    )
