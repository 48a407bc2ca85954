"""The layer `c2pa`: whether the file carries Content Credentials, whose they are, and whether they
fit its sound.
"""

from __future__ import annotations

from typing import Final

from provenance.c2pa import manifest_reader
from provenance.c2pa.manifest_reader import Credentials, ManifestState
from provenance.models import Clip
from provenance.verification.layers import LayerResult
from provenance.verification.verdict import LayerEvidence

_RESULTS: Final = {
    ManifestState.INVALID: "mismatch",
    ManifestState.TRUSTED: "candidate",
    ManifestState.UNKNOWN_SIGNER: "candidate",
}


def check_c2pa_layer(data: bytes, *, expected: Clip | None) -> LayerResult:
    """Read the file's manifest. `expected` is the clip that other layers found, if any.

    The look names no clip: a manifest is carried into another file in a minute, so it alone never
    makes a verdict.
    """
    return LayerResult(
        evidence=LayerEvidence(
            layer="c2pa",
            result=_judge_credentials(manifest_reader.read_credentials(data), expected),
        )
    )


def _judge_credentials(found: Credentials, expected: Clip | None) -> str:
    if not found.ours:
        return _RESULTS.get(found.state, "absent")
    return (
        "mismatch"
        if expected is not None and expected.manifest_id != found.manifest_id
        else "match"
    )
