"""A log of its own for every test, and what can be done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from django.db import transaction

from core import ids
from core.canonical_json import Json
from tests.conftest import NOON
from tests.transparency_log.history import Snapshot
from transparency_log import events as log

Append = Callable[..., list[str]]


@pytest.fixture
def organisation_id() -> str:
    return ids.new("org")


@pytest.fixture
def append(organisation_id: str) -> Append:
    """Record `count` events, each in a transaction of its own; give their ids."""

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
        events = []
        for number in range(count):
            with transaction.atomic():
                event_id = log.append_event(
                    organisation_id=organisation_id, livemode=livemode, kind=kind, at=NOON,
                    actor="key:key_test", subject=subject, refs=refs or {},
                    body=body or {"number": number},
                )  # fmt: skip
            events.append(event_id)
        return events

    return record


@pytest.fixture
def snapshot(organisation_id: str) -> Callable[[], Snapshot]:
    """Take a backup of the log's rows; `.restore()` puts the database back to it."""
    return lambda: Snapshot(organisation_id)
