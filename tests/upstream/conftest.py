"""Providers on loopback, as in development, and a client that is ended after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from upstream import loop_thread


@pytest.fixture(autouse=True)
def development(settings: Settings) -> Iterator[None]:
    settings.SAYSO_DEVELOPMENT = True
    settings.SAYSO_ENGINE_HOSTS = ()
    yield
    loop_thread.stop_loop_thread()
