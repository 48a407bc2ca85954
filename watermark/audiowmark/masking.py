"""How far each bin may move: far where a louder one in its frame hides it, little where it is what
one hears.

The scheme moves every bin by its level alone, so most is heard where least is read: marking only
bins within 6 dB of their frame's peak costs as much PESQ as two thirds of the whole mark, and gives
an eighth of what is left of it after Opus at 24 kbit/s (6 clips of 16 s). Readers weigh all bins
alike and so need not know of this.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from watermark.audiowmark.audiowmark_parameters import BANDS, Matrix, Vector

# By how many dB a bin lies below its frame's loudest one, and how far it goes; chosen among five
# curves on 16 clips.
_BELOW_DB: Final = (-60.0, -40.0, -30.0, -20.0, -12.0, -6.0, 0.0)
_MOVES: Final = (3.5, 3.0, 2.1, 1.5, 1.0, 0.5, 0.15)
# Of bins 20 to 100: the lower a bin, the more it is heard.
_OF_BAND: Final[Vector] = np.linspace(0.6, 1.4, BANDS)
_FAINT_DB: Final = (
    -55.0
)  # frames without anything louder are pauses: codecs make them anew, and noise in them is heard
_IN_FAINT: Final = 0.5


def compute_weights(level: Matrix) -> Matrix:
    """Factors of the strength, about 1 on the whole, for levels in dB; shape (frames, 81) both."""
    peak = level.max(axis=1, keepdims=True)
    moved: Matrix = (
        np.interp(level - peak, _BELOW_DB, _MOVES)
        * _OF_BAND
        * np.where(peak < _FAINT_DB, _IN_FAINT, 1.0)
    )
    return moved
