"""Health and metrics: is the process alive, can it serve, which version is it, what has it
counted.
"""

from __future__ import annotations

import hmac
import logging

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis import Redis, RedisError

from accounts.authentication import parse_bearer
from config import env
from core.errors import NotFound

logger = logging.getLogger(__name__)


@require_safe
def show_liveness(_request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process runs."""
    return JsonResponse({"status": "ok"})


@require_safe
def show_readiness(_request: HttpRequest) -> JsonResponse:
    """Check the database, its migrations and, where configured, Redis. Answer 503 with the state of
    each part when one is not ready.
    """
    parts = {"database": _check_database(), "redis": _check_redis()}
    fine = all(state in {"ok", "not configured"} for state in parts.values())
    status = 200 if fine else 503
    headers = {} if fine else {"Retry-After": "5"}
    return JsonResponse(
        {"status": "ok" if fine else "unavailable", "parts": parts}, status=status, headers=headers
    )


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
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _check_database() -> str:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        logger.exception("database is not ready")
        return "unreachable"
    return "migrations are waiting" if waiting else "ok"


def _check_redis() -> str:
    if not settings.REDIS_URL:
        return "not configured"
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2) as redis:
            redis.ping()
    except RedisError:
        logger.exception("redis is not ready")
        return "unreachable"
    return "ok"
