"""The verification of an upload: decode it, check every layer, conclude."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from provenance.models import Clip
from provenance.verification import conclusion
from provenance.verification.c2pa_layer import check_c2pa_layer
from provenance.verification.fingerprint_layer import check_fingerprint_layer
from provenance.verification.layers import LayerResult, VerificationLayer
from provenance.verification.sha256_layer import check_sha256_layer
from provenance.verification.upload import Upload
from provenance.verification.verdict import Outcome, VerificationResult
from provenance.verification.watermark_layer import check_watermark_layer

LAYERS: Final = (
    VerificationLayer(check=check_sha256_layer, needs_sound=False),
    VerificationLayer(check=check_watermark_layer),
    VerificationLayer(check=check_c2pa_layer),
    VerificationLayer(check=check_fingerprint_layer),
)
"""Every layer, the surest first: each takes the clip that those before it found."""
CUT_OFF: Final = "truncated"
"""The reason where only the beginning of a file was searched (`audio.containers.REASONS`)."""
UNREAD: Final = "inner_codec"
"""The reason where a sound track was not searched."""


def verify(
    data: bytes, *, prefer_organisation_id: str = "", address: str = ""
) -> VerificationResult:
    """Check an upload in every layer, in this order.

    1. Decode the file in a limited child process, unless its findings are known.
    2. Check each layer of `LAYERS`. Without a sound, only those that need none are checked.
    3. Answer that the file is unreadable, if it has no sound, or a part of it could not be read,
       and no clip was found.
    4. Conclude one verdict from all results.

    `prefer_organisation_id` names the organisation whose key asks. Its marks are searched before
    those of others. Without one, a stranger at `address` asks. Nothing is raised about the file:
    unreadable audio is a verdict, too.

    Raises Unavailable when the child process or the vault is down, ServerBusy when there is no
    place, and RateLimited for too much sound of one address.
    """
    with Upload(data, organisation_id=prefer_organisation_id, address=address) as upload:
        # 1. Decode.
        facts = upload.facts

        # 2. Check the layers.
        results: list[LayerResult] = []
        for layer in LAYERS:
            if upload.has_sound or not layer.needs_sound:
                results.append(layer.check(upload, _get_found_clip(results)))

    # 3. Unreadable, or half a file, and unknown: what is missing may be ours.
    verdict = conclusion.conclude_verdict(tuple(results), seconds=facts.seconds)
    missing = CUT_OFF if facts.is_cut_off else UNREAD if facts.has_unread_tracks else ""
    if verdict.outcome is Outcome.NOT_FOUND and (facts.why or missing):
        return replace(verdict, outcome=Outcome.UNREADABLE, why=facts.why or missing)

    # 4. The verdict. Bytes that are known need no sound.
    return replace(verdict, why=CUT_OFF) if facts.is_cut_off else verdict


def _get_found_clip(results: list[LayerResult]) -> Clip | None:
    return next((result.clip for result in results if result.clip is not None), None)
