"""A log of its own for every test, and outsiders that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from provenance.ledger import published, sequencer
from provenance.outside import cosigning
from tests.conftest import NOON
from tests.provenance.log.conftest import Append, append, organisation_id, snapshot
from tests.provenance.outside.serving import outsider
from tests.provenance.outside.witness import FakeWitness

__all__ = ["append", "organisation_id", "snapshot"]
Grow = Callable[[int], None]


@pytest.fixture
def grow(organisation_id: str, append: Append) -> Grow:
    """Let the log grow by some entries and publish."""

    def growing(count: int) -> None:
        append(count)
        sequencer.settle(organisation_id, at=NOON)

    return growing


@pytest.fixture
def witness() -> FakeWitness:
    return FakeWitness()


@pytest.fixture
def asked_witness(settings: Settings, witness: FakeWitness, organisation_id: str, grow: Grow) -> Iterator[FakeWitness]:
    """A witness that the settings name and that knows this log, which has five entries."""
    grow(5)
    witness.trust(*published.keys(organisation_id).splitlines())
    with outsider(witness) as url:
        settings.SAYSO_WITNESSES = cosigning.parse_witnesses(f"{witness.vkey()} {url}")
        yield witness
