"""The numbers of the speech watermark that every implementation must share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Parameters of one version of the scheme.

    Changing any of them makes a new scheme with a new name. Sources: patchwork on log energies
    after audiowmark. Frame length, bands, period and margins are from our own measurements.
    """

    name: str
    # --- time and frequency grid
    rate: int  # Hz, the rate at which every clip is analysed
    frame: int  # samples, because 12 ms survives Opus far better than 32 or 64 ms
    low_bin: int  # first rfft bin used (300 Hz)
    bands: int  # one rfft bin (83 Hz) each, up to 5 kHz
    # frames in one period of the pattern (1.02 s), so that a 2 s clip holds the message twice
    slots: int
    # --- message
    token_bits: int
    check_bits: int
    sync_groups: int
    sync_cells: int  # cells of a period that carry the known signs
    # --- identity layer of long clips
    identity_bits: int
    # --- features
    level_range_db: float  # cells this far below the speech level count nothing
    level_ramp_db: float  # cells this much higher than that count fully
    clip_db: float  # a feature never exceeds this, so that a click cannot outvote speech

    @property
    def message_bits(self) -> int:
        """Return the number of bits that go through the code: token and check."""
        return self.token_bits + self.check_bits

    @property
    def coded_bits(self) -> int:
        """Return the number of bits after the rate 1/2 tail-biting code, each a group of cells."""
        return 2 * self.message_bits

    @property
    def identity_message_bits(self) -> int:
        """Return the number of bits of the identity layer that go through the code."""
        return self.identity_bits + self.check_bits

    @property
    def identity_coded_bits(self) -> int:
        """Return the number of coded bits of the identity layer, each a group of cells."""
        return 2 * self.identity_message_bits

    @property
    def groups(self) -> int:
        """Return the number of groups of cells: coded bits, then synchronisation."""
        return self.coded_bits + self.sync_groups

    @property
    def cells(self) -> int:
        """Return the number of cells in one period."""
        return self.slots * self.bands


SPEECH_1 = Scheme(
    name="sayso-speech/1",
    rate=16_000,
    frame=192,
    low_bin=4,
    bands=56,
    slots=85,
    token_bits=32,
    check_bits=24,
    sync_groups=24,
    sync_cells=480,
    identity_bits=128,
    level_range_db=50.0,
    level_ramp_db=40.0,
    clip_db=10.0,
)
