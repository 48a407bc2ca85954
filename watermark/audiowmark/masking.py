"""How far each bin may move: far where a louder one in its frame hides it, else little.

The scheme moves every bin by its level alone, so most of the mark is heard where least of it is
read. Marking only bins within 6 dB of their frame's peak costs as much PESQ as two thirds of the
whole mark. After Opus at 24 kbit/s it leaves an eighth of what the whole mark leaves (6 clips of 16
s). Readers weigh all bins equally, so they do not depend on this.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from watermark.audiowmark.audiowmark_parameters import BANDS, Matrix, Vector

# By how many dB a bin lies below its frame's loudest one, and how far it moves. Chosen among five
# curves on 16 clips.
_BELOW_DB: Final = (-60.0, -40.0, -30.0, -20.0, -12.0, -6.0, 0.0)
_MOVES: Final = (3.5, 3.0, 2.1, 1.5, 1.0, 0.5, 0.15)
# Of bins 20 to 100. The lower a bin, the more audible it is.
_OF_BAND: Final[Vector] = np.linspace(0.6, 1.4, BANDS)
# Frames without anything louder are pauses. Codecs replace them, and noise in them is audible.
_FAINT_DB: Final = -55.0
_IN_FAINT: Final = 0.5


def compute_weights(level: Matrix) -> Matrix:
    """Return factors of the strength, about 1 on average, for levels in dB.

    Both have shape (frames, 81).
    """
    peak = level.max(axis=1, keepdims=True)
    by_level = np.interp(level - peak, _BELOW_DB, _MOVES)
    by_pause = np.where(peak < _FAINT_DB, _IN_FAINT, 1.0)

    moved: Matrix = by_level * _OF_BAND * by_pause
    return moved
