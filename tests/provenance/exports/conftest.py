"""A bundle to look at and to tamper with.

Exports read from transactions of their own, so all of this is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from accounts.models import Organisation
from tests.support import export_scenario
from tests.support.export_scenario import Story, Verdict

Check = Callable[[bytes], Verdict]
Verify = Callable[[Mapping[str, bytes]], Verdict]
_made: dict[str, bytes] = {}


@pytest.fixture
def told(transactional_db: None, acme: Organisation) -> Story:
    """Ana's consent and what came of it."""
    return export_scenario.tell(acme)


@pytest.fixture
def fresh(told: Story) -> bytes:
    """The audit bundle of that, as downloaded."""
    return export_scenario.bundle(told.organisation)


@pytest.fixture
def audit(request: pytest.FixtureRequest) -> bytes:
    """Such a bundle, made once a run: what is done to its bytes needs no other."""
    if "audit" not in _made:
        _made["audit"] = request.getfixturevalue("fresh")
    return _made["audit"]


@pytest.fixture
def files(audit: bytes) -> dict[str, bytes]:
    """The same, unpacked."""
    return export_scenario.members(audit)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Runs the verifier on the bytes of a zip."""

    def run(data: bytes) -> Verdict:
        path = tmp_path / "bundle.zip"
        path.write_bytes(data)
        return export_scenario.verify(path)

    return run


@pytest.fixture
def verify(check: Check) -> Verify:
    """Packs files and runs the verifier on them."""
    return lambda files: check(export_scenario.packed(files))
