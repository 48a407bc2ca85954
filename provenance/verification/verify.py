"""The order of a search: decode in the child, look in each layer, judge."""

from __future__ import annotations

from django.conf import settings

from audio import decoding
from audio.containers import UnreadableAudio
from audio.sound import Sound
from provenance.verification import (
    c2pa_layer,
    conclusion,
    fingerprint_layer,
    sha256_layer,
    watermark_layer,
)
from provenance.verification.layers import Upload
from provenance.verification.verdict import Outcome, VerificationResult


def verify(data: bytes, *, first: str = "") -> VerificationResult:
    """Look the upload up in every layer.

    Raises nothing about the file: unreadable audio is a verdict too.

    `first` names the organisation whose marks are searched before those of others. The file is
    decoded in a limited child process. Raises Unavailable when that process or the vault is down.
    """
    sound, why = _decode_sound(data)
    upload = Upload(data=data, sound=sound)
    same = sha256_layer.check_sha256_layer(upload)
    if upload.sound is None:
        if same.clip is None:
            return VerificationResult(
                outcome=Outcome.UNREADABLE, clip=None, evidence=(same.evidence,), why=why
            )
        return conclusion.conclude_verdict((same,))
    mark = watermark_layer.check_watermark_layer(upload.sound, expected=same.clip, first=first)
    signed = c2pa_layer.check_c2pa_layer(data, expected=same.clip or mark.clip)
    return conclusion.conclude_verdict(
        (same, mark, signed, fingerprint_layer.check_fingerprint_layer(upload.sound)),
        seconds=upload.sound.seconds,
    )


def _decode_sound(data: bytes) -> tuple[Sound | None, str]:
    """The sound, or why there is none."""
    try:
        return decoding.decode_untrusted(data, most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES).sound, ""
    except UnreadableAudio as error:
        return None, error.reason
