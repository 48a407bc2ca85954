"""The verification of an upload: decode it, check every layer, conclude."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from audio import decoding
from audio.containers import UnreadableAudio
from audio.sound import Sound
from provenance.models import Clip
from provenance.verification import conclusion
from provenance.verification.c2pa_layer import check_c2pa_layer
from provenance.verification.fingerprint_layer import check_fingerprint_layer
from provenance.verification.layers import LayerResult, Upload, VerificationLayer
from provenance.verification.sha256_layer import check_sha256_layer
from provenance.verification.verdict import Outcome, VerificationResult
from provenance.verification.watermark_layer import check_watermark_layer

LAYERS: Final = (
    VerificationLayer(check=check_sha256_layer, needs_sound=False),
    VerificationLayer(check=check_watermark_layer),
    VerificationLayer(check=check_c2pa_layer),
    VerificationLayer(check=check_fingerprint_layer),
)
"""Every layer, the surest first: each takes the clip that those before it found."""


def verify(data: bytes, *, prefer_organisation_id: str = "") -> VerificationResult:
    """Check an upload in every layer, in this order.

    1. Decode the file in a limited child process.
    2. Check each layer of `LAYERS`. Without a sound, only those that need none are checked.
    3. Answer that the file is unreadable, if it has no sound and its bytes are unknown.
    4. Conclude one verdict from all results.

    `prefer_organisation_id` names the organisation whose marks are searched before those of others.
    Nothing is raised about the file: unreadable audio is a verdict, too.

    Raises Unavailable when the child process or the vault is down.
    """
    # 1. Decode.
    sound, why = _decode_sound(data)
    upload = Upload(data=data, sound=sound, prefer_organisation_id=prefer_organisation_id)

    # 2. Check the layers.
    results: list[LayerResult] = []
    for layer in LAYERS:
        if sound is not None or not layer.needs_sound:
            results.append(layer.check(upload, _get_found_clip(results)))

    # 3. Unreadable and unknown.
    if sound is None and _get_found_clip(results) is None:
        evidence = tuple(result.evidence for result in results)
        return VerificationResult(outcome=Outcome.UNREADABLE, clip=None, evidence=evidence, why=why)

    # 4. Conclude.
    seconds = sound.seconds if sound is not None else 0.0
    return conclusion.conclude_verdict(tuple(results), seconds=seconds)


def _get_found_clip(results: list[LayerResult]) -> Clip | None:
    return next((result.clip for result in results if result.clip is not None), None)


def _decode_sound(data: bytes) -> tuple[Sound | None, str]:
    """Return the sound, or None and the reason why there is none."""
    try:
        return decoding.decode_untrusted(data, most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES).sound, ""
    except UnreadableAudio as error:
        return None, error.reason
