"""The stored voice profile: statistics of a reference voice as compact bytes.

It holds no audio, but biometric data.
"""

from __future__ import annotations

import io
import zipfile
from typing import Final

import numpy as np

from core.errors import Conflict
from engine.voice_statistics import Statistics

VERSION: Final = 1
MOST_FRAMES: Final = 4000
"""20 s of voiced speech. More makes the profile larger and speech slower, not closer."""


class ProfileUnusable(Conflict):
    """These bytes are not a voice profile of this version. The voice must be cloned again."""

    code = "voice_profile_unusable"

    def __init__(self) -> None:
        super().__init__("The stored voice profile cannot be used. Clone the voice again.")


def dump_profile(statistics: Statistics) -> bytes:
    """Return the profile as a zip of plain arrays.

    The frames have half precision and are evenly thinned to MOST_FRAMES.
    """
    frames = statistics.voiced_frames
    if len(frames) > MOST_FRAMES:
        frames = frames[np.linspace(0, len(frames) - 1, MOST_FRAMES).astype(int)]

    scalars = [statistics.pitch_hz, statistics.pitch_spread, statistics.pace, statistics.bands]
    means = np.stack([statistics.voiced_mean, statistics.unvoiced_mean])
    covariances = np.stack([statistics.voiced_covariance, statistics.unvoiced_covariance])

    sink = io.BytesIO()
    np.savez_compressed(
        sink,
        version=np.array(VERSION),
        scalars=np.array(scalars),
        means=means.astype(np.float32),
        covariances=covariances.astype(np.float32),
        frames=frames.astype(np.float16),
    )
    return sink.getvalue()


def load_profile(data: bytes) -> Statistics:
    """Read a profile.

    Raises ProfileUnusable.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            if int(stored["version"]) != VERSION:
                raise ProfileUnusable
            scalars = stored["scalars"]
            means = stored["means"]
            covariances = stored["covariances"]
            frames = stored["frames"].astype(np.float64)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ProfileUnusable from error

    return Statistics(
        pitch_hz=float(scalars[0]),
        pitch_spread=float(scalars[1]),
        pace=float(scalars[2]),
        bands=int(scalars[3]),
        voiced_mean=means[0].astype(np.float64),
        unvoiced_mean=means[1].astype(np.float64),
        voiced_covariance=covariances[0].astype(np.float64),
        unvoiced_covariance=covariances[1].astype(np.float64),
        voiced_frames=frames,
    )
