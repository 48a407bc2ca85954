"""The layer `c2pa`: whether the file carries Content Credentials, whose they are, and whether they fit its sound."""

from __future__ import annotations

from typing import Final

from provenance.credentials import reading
from provenance.credentials.reading import Credentials, State
from provenance.models import Clip
from provenance.verifying.looking import Look
from provenance.verifying.verdicts import Evidence

_RESULTS: Final = {State.INVALID: "mismatch", State.TRUSTED: "candidate", State.UNKNOWN_SIGNER: "candidate"}


def look(data: bytes, *, expected: Clip | None) -> Look:
    """Read the file's manifest. `expected` is the clip that other layers found, if any.

    The look names no clip: a manifest is carried into another file in a minute, so it alone never makes a verdict.
    """
    return Look(evidence=Evidence(layer="c2pa", result=_result(reading.read(data), expected)))


def _result(found: Credentials, expected: Clip | None) -> str:
    if not found.ours:
        return _RESULTS.get(found.state, "absent")
    return "mismatch" if expected is not None and expected.manifest_id != found.manifest_id else "match"
