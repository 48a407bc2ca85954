"""Metrics for Prometheus: what all processes of this host counted, and how much work waits.

Counters lie in files of SAYSO_METRICS_DIR, one set a process. What waits is in the database, which
every process sees.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from redis import Redis, RedisError

from config import database_waits, embedded_worker, sweep_times, waiting_work

logger = logging.getLogger(__name__)
ANSWER_SECONDS: Final = 4.0
_REDIS_SECONDS: Final = 1.0
_LIVE_FILE: Final = re.compile(r"gauge_live[a-z]*_(\d+)\.db\Z")


def collect_metrics() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(StateCollector())
    if settings.SAYSO_METRICS_DIR:
        _forget_dead_processes(settings.SAYSO_METRICS_DIR)
        # It registers itself.
        folder = str(settings.SAYSO_METRICS_DIR)
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]  # has no types
        return generate_latest(registry)

    # Without a folder, as in a test: what this process counted.
    return generate_latest(registry) + generate_latest(REGISTRY)


class StateCollector(Collector):
    """Reads what waits, each time that it is asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges. Those whose source does not answer are left out."""
        try:
            with database_waits.answer_within(ANSWER_SECONDS):
                rows = list(_collect_rows())
        except DatabaseError:
            logger.warning("metrics without the database", exc_info=True)
            rows = []

        yield GaugeMetricFamily(
            "sayso_database_up", "Whether the database answered.", value=bool(rows)
        )
        yield from rows
        yield from _collect_queues()
        room = shutil.disk_usage(settings.SAYSO_DATA_DIR).free
        yield GaugeMetricFamily(
            "sayso_disk_free_bytes", "Free space in the data folder.", value=room
        )


def _collect_rows() -> Iterator[GaugeMetricFamily]:
    for gauge in waiting_work.measure_waiting_work():
        yield GaugeMetricFamily(gauge.name, gauge.meaning, value=gauge.value)

    ages = GaugeMetricFamily(
        "sayso_sweep_age_seconds", "Seconds since a sweep was carried out.", labels=["task"]
    )
    for task, age in sorted(sweep_times.measure_ages().items()):
        ages.add_metric([task], age)
    yield ages


def _collect_queues() -> Iterator[GaugeMetricFamily]:
    if not settings.REDIS_URL:
        return

    try:
        with Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_REDIS_SECONDS,
            socket_connect_timeout=_REDIS_SECONDS,
        ) as redis:
            lengths = {queue: int(redis.llen(queue)) for queue in embedded_worker.LANES}
    except RedisError:
        logger.warning("metrics without Redis", exc_info=True)
        lengths = {}

    yield GaugeMetricFamily("sayso_redis_up", "Whether Redis answered.", value=bool(lengths))
    waiting = GaugeMetricFamily(
        "sayso_queue_messages", "Messages that wait for a worker.", labels=["queue"]
    )
    for queue, length in lengths.items():
        waiting.add_metric([queue], length)
    yield waiting


def _forget_dead_processes(folder: Path) -> None:
    """Delete what only a living process can say, such as its running streams."""
    for path in folder.glob("gauge_live*.db"):
        found = _LIVE_FILE.match(path.name)
        if found and not _is_alive(int(found[1])):
            pid, name = int(found[1]), str(folder)
            mark_process_dead(pid, name)  # type: ignore[no-untyped-call]  # has no types


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True

    return True
