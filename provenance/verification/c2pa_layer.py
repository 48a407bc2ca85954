"""The layer `c2pa`: the file's Content Credentials, and whether they fit its sound."""

from __future__ import annotations

from typing import Final

from provenance.c2pa import manifest_reader
from provenance.c2pa.manifest_reader import Credentials, ManifestState
from provenance.models import Clip
from provenance.verification.layers import LayerResult
from provenance.verification.upload import Upload
from provenance.verification.verdict import LayerEvidence

_RESULTS: Final = {
    ManifestState.INVALID: "mismatch",
    ManifestState.TRUSTED: "candidate",
    ManifestState.UNKNOWN_SIGNER: "candidate",
}


def check_c2pa_layer(upload: Upload, expected_clip: Clip | None) -> LayerResult:
    """Read the file's manifest. `expected_clip` is the clip that other layers found, if any."""
    # The result has no clip: a manifest is easily copied into another file, so it never makes a
    # verdict alone.
    found = upload.recall("c2pa", lambda: manifest_reader.read_credentials(upload.data))
    result = _judge_credentials(found, expected_clip)
    return LayerResult(evidence=LayerEvidence(layer="c2pa", result=result))


def _judge_credentials(found: Credentials, expected_clip: Clip | None) -> str:
    if not found.ours:
        return _RESULTS.get(found.state, "absent")
    if expected_clip is not None and expected_clip.manifest_id != found.manifest_id:
        return "mismatch"

    return "match"
