"""A log of its own for every test, and what can be done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pytest
from django.db import transaction

from core import ids
from core.canonical_json import Json
from tests.conftest import NOON
from tests.support.log_rollback import Snapshot
from transparency_log import events as log

Append = Callable[..., list[str]]
FEW: Final = 20


@pytest.fixture
def organisation_id() -> str:
    return ids.new("org")


@pytest.fixture
def append(organisation_id: str) -> Append:
    """Record `count` events; give their ids.

    A few have a transaction each. Many share one, which takes a fifth of the time.
    """

    def record(
        count: int = 1,
        *,
        organisation_id: str = organisation_id,
        kind: str = "consent.revoked",
        subject: str | None = None,
        refs: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
        livemode: bool = True,
    ) -> list[str]:
        events = [
            log.LogEvent(
                organisation_id=organisation_id, livemode=livemode, kind=kind, at=NOON,
                actor="key:key_test", subject=subject, refs=refs or {},
                body=body or {"number": number},
            )
            for number in range(count)
        ]  # fmt: skip
        each = count if count > FEW else 1
        event_ids: list[str] = []
        for start in range(0, count, each):
            with transaction.atomic():
                event_ids += log.append_events(events[start : start + each])
        return event_ids

    return record


@pytest.fixture
def snapshot(organisation_id: str) -> Callable[[], Snapshot]:
    """Take a backup of the log's rows; `.restore()` puts the database back to it."""
    return lambda: Snapshot(organisation_id)
