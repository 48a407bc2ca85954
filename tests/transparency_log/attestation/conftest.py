"""A log of its own for every test, and outsiders that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from tests.conftest import NOON
from tests.support.attestor_servers import outsider
from tests.support.witness_server import FakeWitness
from tests.transparency_log.conftest import Append, append, organisation_id, snapshot
from transparency_log import public_log, sequencer
from transparency_log.formats import cosignature

__all__ = ["append", "organisation_id", "snapshot"]
Grow = Callable[[int], None]


@pytest.fixture
def grow(organisation_id: str, append: Append) -> Grow:
    """Let the log grow by some entries and publish."""

    def growing(count: int) -> None:
        append(count)
        sequencer.settle_log(organisation_id, at=NOON)

    return growing


@pytest.fixture
def witness() -> FakeWitness:
    return FakeWitness()


@pytest.fixture
def asked_witness(
    settings: Settings, witness: FakeWitness, organisation_id: str, grow: Grow
) -> Iterator[FakeWitness]:
    """A witness that the settings name and that knows this log, which has five entries."""
    grow(5)
    witness.trust(*public_log.get_verifier_keys(organisation_id).splitlines())
    with outsider(witness) as url:
        settings.SAYSO_WITNESSES = cosignature.parse_witnesses(f"{witness.vkey()} {url}")
        yield witness
