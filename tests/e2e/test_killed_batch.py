"""Four real workers on Redis and PostgreSQL are killed while they speak a batch at a provider."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.killed_batches import run_killed_batch

TEXTS, KILLS, SEED = 40, 5, 11


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.alone
class TestABatchAtAProvider:
    def test_loses_nothing_and_has_nothing_twice_while_its_workers_are_killed(
        self, acme_key: str, child_environment: Mapping[str, str], tmp_path: Path
    ) -> None:
        if not settings.REDIS_URL:
            pytest.skip("needs REDIS_URL")
        environment = {**child_environment, "REDIS_URL": settings.REDIS_URL}

        found = run_killed_batch(
            environment, tmp_path, key=acme_key, texts=TEXTS, kills=KILLS, seed=SEED
        )

        assert (found.delivered, found.in_zip) == (TEXTS, TEXTS)
        assert found.taken_over >= 1, "no kill hit anybody at work"
        # Each kill repeats what was in hand, and no more.
        assert TEXTS <= found.spoken <= TEXTS + 2 * KILLS
