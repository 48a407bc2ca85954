"""The decoding of soft values into tokens, and the check of what is decoded.

A wrong message passes the CRC once in 2^24, whatever the sound is. The whitening is 56 random bits
of the key on which nothing else depends, nor do the steps that choose a place. So without the key a
decoded message is uniform. Callers limit how many messages they check for one answer, and that
number over 2^24 bounds the rate of false answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from watermark.speech import error_correction
from watermark.speech.keyed_pattern import Layout, build_layout
from watermark.speech.parameters import SPEECH_1, Bits, Matrix, Scheme, Vector
from watermark.speech.soft_values import TINY

# Half of the wrong messages reach it (median 0.70, 99th percentile 0.89 of 4,200 readings).
SCORE_LEAST: Final = 0.70
CHECKED: Final = 2  # messages whose CRC is checked: those that explain most of the soft values


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedToken:
    """A token that was read, and how clearly.

    `score` is the mean soft value of its coded bits in units of their noise. `speed` and `tempo`
    are those at which the clip is played (`feature_grid.PlaybackSpeed`), 1.0 where it was not
    changed. Their product is reliable. About 1 % of speed is sometimes reported as tempo.

    `identity` is the identity of a long clip, if it was read too.
    """

    token: int
    score: float
    speed: float = 1.0
    tempo: float = 1.0
    identity: int | None = None


def read_tokens(soft: Matrix, key: bytes) -> list[tuple[int, DecodedToken]]:
    """Return the accepted rows of soft values with their tokens, the clearest first.

    The message of at most `CHECKED` rows is checked.
    """
    layout = build_layout(key)
    messages = error_correction.decode_messages(soft)

    explained = np.array(
        [
            row @ error_correction.encode_message(message)
            for row, message in zip(soft, messages, strict=True)
        ]
    )
    explained /= np.linalg.norm(soft, axis=1) + TINY

    best = np.argsort(-explained)[:CHECKED].tolist()
    found = [(row, _check_message(soft[row], messages[row], layout)) for row in best]
    return [(row, reading) for row, reading in found if reading is not None]


def decode_soft_rows(soft: Matrix, key: bytes) -> list[DecodedToken | None]:
    """Return the token of each row of soft values, or None where the check fails."""
    layout = build_layout(key)
    return [
        _check_message(row, message, layout)
        for row, message in zip(soft, error_correction.decode_messages(soft), strict=True)
    ]


def _check_message(
    soft: Vector, message: Bits, layout: Layout, scheme: Scheme = SPEECH_1
) -> DecodedToken | None:
    """Return the token of a decoded message, or None.

    Its CRC must agree and it must explain enough of the soft values.
    """
    bits = message ^ layout.whitening
    token = bits[: scheme.token_bits]
    check = bits[scheme.token_bits :]
    if not np.array_equal(error_correction.compute_crc24(token), check):
        return None

    score = float(soft @ error_correction.encode_message(message)) / scheme.coded_bits
    if score >= SCORE_LEAST:
        return DecodedToken(token=error_correction.pack_bits(token), score=score)

    return None
