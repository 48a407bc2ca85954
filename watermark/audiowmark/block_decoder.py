"""From a block's place to its message: soft values of the coded bits, and the rows that decoding
them gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from watermark.audiowmark import convolutional_code
from watermark.audiowmark.audiowmark_parameters import BLOCK, FRAME, RATE, Matrix, Vector
from watermark.audiowmark.bit_layout import Tables
from watermark.audiowmark.sync import SyncMatch, SyncSearch

BLOCK_SAMPLES = BLOCK * FRAME
NEAR = FRAME // 2  # how far from its place a neighbouring block may be found


class Kind(StrEnum):
    """What a row was decoded from: one block, two joined ones, all that were found, or a clip
    shorter than a block.
    """

    A = "A"
    B = "B"
    AB = "AB"
    ALL = "ALL"
    CLIP_A = "CLIP-A"
    CLIP_B = "CLIP-B"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedBlock:
    """A message, right or wrong: the search always has candidates.

    `seconds` is where its block begins.

    `quality` says how clearly the block was found, `error` is the mean square error of the soft
    bits, and `heard` the number of coded bits that anything was heard of: a few samples are no
    evidence, however well they fit.
    """

    kind: Kind
    seconds: float
    message: str
    quality: float
    error: float
    heard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A place with the soft values of its coded bits, in the coder's order."""

    found: SyncMatch
    values: Vector


def read_soft_values(search: SyncSearch, index: int, tables: Tables) -> Vector:
    """The soft values of the block that begins at sample `index`: raised less lowered levels
    against their neighbours.

    A bin's level counts against the mean of the frames before and after; at the block's ends the
    one neighbour counts for both.
    """
    level = search.levels(index + np.arange(BLOCK) * FRAME)
    contrast = level - 0.5 * (_shift_before(level) + _shift_after(level))
    pairs = (
        contrast[tables.data_frame, tables.data_up] - contrast[tables.data_frame, tables.data_down]
    )
    values = np.empty(tables.order.size)
    values[tables.order] = pairs.sum(axis=1)
    return values


def _shift_before(level: Matrix) -> Matrix:
    return np.concatenate([level[1:2], level[:-1]])


def _shift_after(level: Matrix) -> Matrix:
    return np.concatenate([level[1:], level[-2:-1]])


def decode_single(block: Block) -> DecodedBlock:
    """The row of one block."""
    kind, polynomials = ((Kind.A, convolutional_code.OF_A), (Kind.B, convolutional_code.OF_B))[
        block.found.kind
    ]
    bits, error = convolutional_code.decode_bits(
        convolutional_code.normalise_values(block.values), polynomials
    )
    return DecodedBlock(
        kind=kind,
        seconds=block.found.index / RATE,
        message=convolutional_code.bits_to_message(bits),
        quality=block.found.quality,
        error=error,
        heard=int(np.count_nonzero(block.values)),
    )


def decode_pair(
    kind: Kind, of_a: Vector, of_b: Vector, *, seconds: float, quality: float
) -> DecodedBlock:
    """The row of an A and a B block read as one code."""
    both = np.stack([of_a, of_b], axis=1).ravel()
    bits, error = convolutional_code.decode_bits(
        convolutional_code.normalise_values(both), convolutional_code.OF_BOTH
    )
    heard = int(np.count_nonzero(both))
    return DecodedBlock(
        kind=kind,
        seconds=seconds,
        message=convolutional_code.bits_to_message(bits),
        quality=quality,
        error=error,
        heard=heard,
    )


def decode_blocks(blocks: Sequence[Block]) -> list[DecodedBlock]:
    """The rows of all blocks of a sound, in order of place: singles, pairs of A and B, and all
    together.
    """
    found: list[DecodedBlock] = []
    for number, block in enumerate(blocks):
        found.append(decode_single(block))
        partner = _find_partner(block, blocks[:number])
        if partner is not None:
            found.append(
                decode_pair(
                    Kind.AB,
                    partner.values,
                    block.values,
                    seconds=block.found.index / RATE,
                    quality=0.5 * (partner.found.quality + block.found.quality),
                )
            )
    together = _decode_best_chain(blocks)
    return [*found, together] if together else found


def _find_partner(block: Block, earlier: Sequence[Block]) -> Block | None:
    """The A block that a B block follows."""
    if block.found.kind == 0:
        return None
    of_a = [other for other in earlier if other.found.kind == 0]

    def deviation(other: Block) -> int:
        return abs(block.found.index - other.found.index - BLOCK_SAMPLES)

    nearest = min(of_a, key=deviation, default=None)
    return nearest if nearest is not None and deviation(nearest) < NEAR else None


def _decode_best_chain(blocks: Sequence[Block]) -> DecodedBlock | None:
    """The row of the best chain of blocks at whole distances, when it has more than one."""
    if not blocks:
        return None
    reach = round(blocks[-1].found.index / BLOCK_SAMPLES + 0.5)
    chains = [_follow_chain(blocks, start, reach) for start in range(len(blocks))]
    best = max(chains, key=lambda chain: sum(block.found.quality for block in chain))
    if len(best) < 2:
        return None
    sums = []
    for kind in (0, 1):
        mine = [block.values for block in best if block.found.kind == kind]
        sums.append(np.mean(mine, axis=0) if mine else np.zeros_like(best[0].values))
    quality = sum(block.found.quality for block in best) / len(best)
    return decode_pair(Kind.ALL, sums[0], sums[1], seconds=0.0, quality=quality)


def _follow_chain(blocks: Sequence[Block], start: int, reach: int) -> list[Block]:
    """Blocks that follow one another from `start` on, each at a whole number of blocks after the
    last.
    """
    chain, end = [blocks[start]], start
    while (following := _find_following(blocks, end, reach)) is not None:
        chain.append(blocks[following])
        end = following
    return chain


def _find_following(blocks: Sequence[Block], end: int, reach: int) -> int | None:
    """The next member of a chain: the nearest block of the right kind about 1, else 2, … blocks
    later.
    """
    last = blocks[end].found
    for distance in range(1, reach + 1):
        expected, kind = last.index + distance * BLOCK_SAMPLES, (last.kind + distance) % 2
        fitting = [
            (abs(blocks[number].found.index - expected), number)
            for number in range(end, len(blocks))
            if blocks[number].found.kind == kind
        ]
        deviation, number = min(fitting, default=(NEAR * distance, -1))
        if deviation < NEAR * distance:
            return number
    return None
