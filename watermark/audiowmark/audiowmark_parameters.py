"""The numbers of the audiowmark scheme in 128-bit mode that all implementations must share."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]  # shape (samples, channels), full scale 1.0
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Bits = NDArray[np.uint8]
Places = NDArray[np.intp]

NAME: Final = "audiowmark"  # of 0.6 and later, with 128 bits
RATE: Final = 44_100  # Hz, the rate at which marks are written and read

# --- frames and bins
FRAME: Final = 1024  # samples, and frames do not overlap
LOW_BIN: Final = 20
BANDS: Final = 81  # bins 20 to 100: 861 to 4307 Hz
PAIRS: Final = 30  # bins of a frame that go up, and as many that go down, while 21 stay unchanged
ZERO_DB: Final = -96.0  # the level of a bin that is exactly zero

# --- message and code
MESSAGE_BITS: Final = 128
TAIL_BITS: Final = 15
OUTPUTS: Final = 6  # coded bits for each message bit in one block
CODED_BITS: Final = (MESSAGE_BITS + TAIL_BITS) * OUTPUTS
PAIRS_PER_BIT: Final = 60

# --- blocks
SYNC_BITS: Final = 6
SYNC_FRAMES_PER_BIT: Final = 85
SYNC_FRAMES: Final = SYNC_BITS * SYNC_FRAMES_PER_BIT
DATA_FRAMES: Final = CODED_BITS * PAIRS_PER_BIT // PAIRS
BLOCK: Final = DATA_FRAMES + SYNC_FRAMES  # 2226 frames, 51.69 s
LEAD_IN: Final = 250  # frames of a B block's end before the first whole block

# --- embedding
STRENGTH: Final = 10
LEAST_MAGNITUDE: Final = 1e-7
CEILING: Final = 0.99

# --- keyed streams
UP_DOWN_DATA: Final = 1
UP_DOWN_SYNC: Final = 2
MIX: Final = 4
BIT_ORDER: Final = 5
FRAME_ORDER: Final = 6
