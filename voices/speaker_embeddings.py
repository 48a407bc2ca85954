"""The numbers of a voice's samples, with which its provider's speech is compared.

They are measured once, when the voice is made, and only for voices at another company: the
built-in engine speaks from a profile of ours. They are biometric data. So they lie sealed under the
person's key with the voice's row, are in no log and no export, and go when the voice goes.
"""

from __future__ import annotations

import logging
from typing import cast

from audio import decoding
from core.canonical_json import Json
from core.errors import NotFound
from vault import blobs, sealed_values
from voices.models import Voice, VoiceState
from voices.sample_checks import voice_embedding
from voices.sample_checks.voice_embedding import Embedding

logger = logging.getLogger(__name__)


def seal_embedding(voice: Voice, embedding: Embedding) -> bytes:
    """Return the numbers of a voice, sealed under its person's key."""
    return sealed_values.seal(voice.subject, _context(voice.id), embedding.as_json())


def load_embedding(voice: Voice) -> Embedding | None:
    """Return the numbers of a voice. None for a voice without samples, such as a preset.

    A voice that was made before they were kept is measured now, and they are stored. Raises
    KeyDestroyed after erasure, and DecoderUnavailable.
    """
    if voice.sealed_embedding is not None:
        opened = sealed_values.unseal(
            voice.subject, _context(voice.id), bytes(voice.sealed_embedding)
        )
        return voice_embedding.parse_embedding(cast("dict[str, Json]", opened))

    measured = _measure_samples(voice)
    if measured is not None:
        rows = Voice.objects.filter(id=voice.id, state=VoiceState.READY, sealed_embedding=None)
        rows.update(sealed_embedding=seal_embedding(voice, measured))

    return measured


def _measure_samples(voice: Voice) -> Embedding | None:
    samples = voice.samples.order_by("position").values_list("blob_id", flat=True)
    try:
        recordings = [blobs.get_blob(blob_id) for blob_id in samples]
    except NotFound:
        logger.warning("voice's samples are gone", extra={"voice": voice.id})
        return None

    return voice_embedding.measure_embedding(
        [decoding.decode_untrusted(data).sound for data in recordings]
    )


def _context(voice_id: str) -> str:
    return f"voice|{voice_id}|speaker"
