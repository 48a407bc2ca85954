"""Health and metrics: is the process alive, can it serve, which version is it, what has it
counted.
"""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from accounts.authentication import parse_bearer
from config import env, metrics, readiness
from core.errors import NotFound


@require_safe
def show_liveness(_request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process runs."""
    return JsonResponse({"status": "ok"})


@require_safe
def show_readiness(_request: HttpRequest) -> JsonResponse:
    """Say within two seconds whether this process can serve, with the state of each part.

    The answer is 503 without what serving needs. Without Redis or the sweeps it is 200, and
    `degraded`: calls are answered, and work in the background waits.
    """
    parts = readiness.check_parts()
    if not readiness.can_serve(parts):
        return JsonResponse(
            {"status": "unavailable", "parts": parts}, status=503, headers={"Retry-After": "5"}
        )

    status = "ok" if readiness.is_whole(parts) else "degraded"
    return JsonResponse({"status": status, "parts": parts})


@require_safe
def show_version(_request: HttpRequest) -> JsonResponse:
    """Show the name and version of the service."""
    return JsonResponse({"name": "sayso", "version": settings.VERSION})


@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Show the counters for Prometheus to callers with SAYSO_METRICS_TOKEN.

    No address is trusted: behind a proxy on this machine, all calls come from loopback.

    Raises NotFound without that token, so that the page does not seem to exist.
    """
    token = env.read_optional("SAYSO_METRICS_TOKEN")
    given = parse_bearer(request.headers.get("Authorization", ""))
    if not token or not given or not hmac.compare_digest(given.encode(), token.encode()):
        raise NotFound("There is nothing at this address.")
    return HttpResponse(metrics.collect_metrics(), content_type=CONTENT_TYPE_LATEST)
