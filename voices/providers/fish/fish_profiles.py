"""The recordings of a voice that Fish Audio never keeps, as the profile that our vault holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgpack

from voices.providers.base import ReferenceRecording


def pack_recordings(recordings: Iterable[ReferenceRecording]) -> bytes:
    """Return the bytes to be stored: each recording as it was uploaded, and what is said in it."""
    references = [{"audio": one.data, "text": one.transcript or ""} for one in recordings]
    packed: bytes = msgpack.packb(references)
    return packed


def open_recordings(profile: bytes) -> list[dict[str, Any]]:
    """Return the `references` of a call."""
    references: list[dict[str, Any]] = msgpack.unpackb(profile)
    return references
