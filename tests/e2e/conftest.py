"""Carriers of background work: worker threads in the server, or Celery on Redis.

Both must carry the same tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from config.demo.client import Client
from tests.support import processes
from tests.support.api_client import Customer, new_key

Carrier = Callable[[], AbstractContextManager[str]]


@pytest.fixture
def environment(
    child_environment: Mapping[str, str], request: pytest.FixtureRequest
) -> Mapping[str, str]:
    """The environment of the carrier that the test asks for."""
    if request.param == "embedded":
        return {**child_environment, "REDIS_URL": ""}
    if not settings.REDIS_URL:
        pytest.skip("needs REDIS_URL")
    return {**child_environment, "REDIS_URL": settings.REDIS_URL}


@pytest.fixture
def carrier(environment: Mapping[str, str], tmp_path: Path) -> Carrier:
    """Starts the service as this carrier has it; gives its base URL."""

    @contextmanager
    def start() -> Iterator[str]:
        with processes.web(environment, tmp_path / "web.log") as base:
            if not environment["REDIS_URL"]:
                yield base
                return
            with processes.celery(environment, tmp_path / "celery.log"):
                yield base

    return start


@pytest.fixture
def acme_key(child_environment: Mapping[str, str]) -> str:
    """A test key of Acme's."""
    return new_key("Acme")


def customer(base: str, key: str) -> Customer:
    """Someone who holds this key."""
    return Customer(client=Client(base=base, key=key))
