"""The audiowmark layer of long clips: the clip's id in audiowmark's scheme, beside our own mark.

It can be read with the organisation's key and the audiowmark program. It is written before our own
mark is solved, so that ours is read back from what both made. A clip from whose bytes it could not
be read leaves without naming it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound
from core import ids
from core.canonical_json import Json
from watermark import audiowmark
from watermark.audiowmark.audiowmark_embedder import compute_difference

SCHEME: Final = audiowmark.SCHEME
STRENGTH: Final = 15
LEAST_SECONDS: Final = (
    15.0  # shorter clips hold too few of the 1716 frames that carry a block's bits
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudiowmarkLayer:
    """A mark to write: the clip's id, and the key of its organisation and epoch."""

    clip_id: str
    key: audiowmark.AudiowmarkKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AudiowmarkMatch:
    """A clip id that was read under a key.

    It is to be believed when the clip exists and is of the key's owner.

    Without such a register only a `believable` one is.
    """

    key_name: str
    clip_id: str
    quality: float
    error: float
    believable: bool


def to_audiowmark_key(secret: bytes, name: str) -> audiowmark.AudiowmarkKey:
    """Return the scheme's key of a derived key: its first 16 bytes."""
    return audiowmark.AudiowmarkKey(secret=secret[: audiowmark.KEY_BYTES], name=name)


def write_mark(host: Sound, layer: AudiowmarkLayer) -> Sound:
    """Return the sound with the mark in it, or the sound itself when it is too short."""
    if host.seconds < LEAST_SECONDS:
        return host
    samples, message = _to_channels(host.samples), _to_message(layer)
    change = compute_difference(
        samples, host.rate, key=layer.key, message=message, strength=STRENGTH, masked=True
    )
    return Sound((host.samples + change[:, 0]).astype(np.float32), host.rate)


def describe_written_mark(sound: Sound, layer: AudiowmarkLayer) -> tuple[Mapping[str, Json], ...]:
    """Return what to note of the mark that was written.

    The result is empty when the sound is too short or the mark cannot be read from it.
    """
    if sound.seconds < LEAST_SECONDS:
        return ()
    rows = audiowmark.detect(
        _to_channels(sound.samples), sound.rate, keys=[layer.key], minimum=audiowmark.HOPEFUL
    )
    mine = [row for row in rows if row.message == _to_message(layer)]
    if not mine:
        return ()
    quality = max(row.quality for row in mine)
    return (
        {
            "scheme": SCHEME,
            "bits": _to_message(layer),
            "strength": STRENGTH,
            "quality_milli": round(1000 * quality),
        },
    )


def detect_clip_ids(
    samples: NDArray[np.float32], rate: int, *, keys: Mapping[str, bytes]
) -> tuple[AudiowmarkMatch, ...]:
    """Return the clip ids that each of these keys reads in mono samples, likeliest first.

    Most of them are wrong. `keys` are derived keys by name. The sound is analysed once.
    """
    known = [to_audiowmark_key(secret, name) for name, secret in keys.items()]
    rows = audiowmark.detect(_to_channels(samples), rate, keys=known, minimum=audiowmark.HOPEFUL)
    return tuple(
        AudiowmarkMatch(
            key_name=row.key,
            clip_id=ids.from_bytes("clp", bytes.fromhex(row.message)),
            quality=row.quality,
            error=row.error,
            believable=row.believable,
        )
        for row in sorted(rows, key=lambda row: -row.rating)
    )


def _to_message(layer: AudiowmarkLayer) -> str:
    return ids.to_bytes(layer.clip_id).hex()


def _to_channels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    return samples.astype(np.float64)[:, None]
