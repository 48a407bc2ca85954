"""The decoding of blocks: soft values of their coded bits, and the messages that these give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from watermark.audiowmark import convolutional_code
from watermark.audiowmark.audiowmark_parameters import BLOCK, FRAME, RATE, Matrix, Vector
from watermark.audiowmark.bit_layout import Tables
from watermark.audiowmark.sync import SyncMatch
from watermark.audiowmark.sync_scores import SyncSearch

BLOCK_SAMPLES = BLOCK * FRAME
NEAR = FRAME // 2  # how far from its place a neighbouring block may be found


class Kind(StrEnum):
    """What a row was decoded from.

    It is one block, two joined ones, all that were found, or a clip shorter than a block.
    """

    A = "A"
    B = "B"
    AB = "AB"
    ALL = "ALL"
    CLIP_A = "CLIP-A"
    CLIP_B = "CLIP-B"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedBlock:
    """A message, right or wrong, because the search always has candidates.

    `seconds` is where its block begins. `quality` is how clearly the block was found, and `error`
    the mean square error of the soft bits. `heard` is the number of coded bits with a value other
    than zero: a few samples are no evidence, however well they fit.
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
    """Return the soft values of the block that begins at sample `index`.

    They are raised less lowered levels. A bin's level counts against the mean of the frames before
    and after. At the block's ends the one neighbour counts for both.
    """
    level = search.levels(index + np.arange(BLOCK) * FRAME)
    contrast = level - 0.5 * (_shift_before(level) + _shift_after(level))

    up = contrast[tables.data_frame, tables.data_up]
    down = contrast[tables.data_frame, tables.data_down]

    values = np.empty(tables.order.size)
    values[tables.order] = (up - down).sum(axis=1)
    return values


def _shift_before(level: Matrix) -> Matrix:
    return np.concatenate([level[1:2], level[:-1]])


def _shift_after(level: Matrix) -> Matrix:
    return np.concatenate([level[1:], level[-2:-1]])


def decode_single(block: Block) -> DecodedBlock:
    """Return the row of one block."""
    if block.found.kind == 0:
        kind, polynomials = Kind.A, convolutional_code.OF_A
    else:
        kind, polynomials = Kind.B, convolutional_code.OF_B

    soft = convolutional_code.normalise_values(block.values)
    bits, error = convolutional_code.decode_bits(soft, polynomials)

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
    """Return the row of an A and a B block read as one code."""
    both = np.stack([of_a, of_b], axis=1).ravel()
    soft = convolutional_code.normalise_values(both)
    bits, error = convolutional_code.decode_bits(soft, convolutional_code.OF_BOTH)

    return DecodedBlock(
        kind=kind,
        seconds=seconds,
        message=convolutional_code.bits_to_message(bits),
        quality=quality,
        error=error,
        heard=int(np.count_nonzero(both)),
    )


def decode_blocks(blocks: Sequence[Block]) -> list[DecodedBlock]:
    """Return the rows of all blocks of a sound, in order of place.

    They are single blocks, pairs of A and B, and all blocks together.
    """
    found: list[DecodedBlock] = []
    for number, block in enumerate(blocks):
        found.append(decode_single(block))
        partner = _find_partner(block, blocks[:number])
        if partner is None:
            continue

        pair = decode_pair(
            Kind.AB,
            partner.values,
            block.values,
            seconds=block.found.index / RATE,
            quality=0.5 * (partner.found.quality + block.found.quality),
        )
        found.append(pair)

    together = _decode_best_chain(blocks)
    return [*found, together] if together else found


def _find_partner(block: Block, earlier: Sequence[Block]) -> Block | None:
    """Return the A block that a B block follows, or None."""
    if block.found.kind == 0:
        return None

    of_a = [other for other in earlier if other.found.kind == 0]

    def deviation(other: Block) -> int:
        return abs(block.found.index - other.found.index - BLOCK_SAMPLES)

    nearest = min(of_a, key=deviation, default=None)
    if nearest is not None and deviation(nearest) < NEAR:
        return nearest

    return None


def _decode_best_chain(blocks: Sequence[Block]) -> DecodedBlock | None:
    """Return the row of the best chain of blocks at whole distances, if it has more than one."""
    if not blocks:
        return None

    reach = round(blocks[-1].found.index / BLOCK_SAMPLES + 0.5)
    chains = [_follow_chain(blocks, start, reach) for start in range(len(blocks))]
    best = max(chains, key=lambda chain: sum(block.found.quality for block in chain))
    if len(best) < 2:
        return None

    sums = []
    for kind in (0, 1):
        of_kind = [block.values for block in best if block.found.kind == kind]
        sums.append(np.mean(of_kind, axis=0) if of_kind else np.zeros_like(best[0].values))

    quality = sum(block.found.quality for block in best) / len(best)
    return decode_pair(Kind.ALL, sums[0], sums[1], seconds=0.0, quality=quality)


def _follow_chain(blocks: Sequence[Block], start: int, reach: int) -> list[Block]:
    """Return the blocks that follow one another from `start` on.

    Each lies a whole number of blocks after the last.
    """
    chain = [blocks[start]]
    end = start
    while (following := _find_following(blocks, end, reach)) is not None:
        chain.append(blocks[following])
        end = following

    return chain


def _find_following(blocks: Sequence[Block], end: int, reach: int) -> int | None:
    """Return the next member of a chain: the nearest block of the right kind.

    It is searched about 1 block later, then 2, and so on.
    """
    last = blocks[end].found
    for distance in range(1, reach + 1):
        expected = last.index + distance * BLOCK_SAMPLES
        kind = (last.kind + distance) % 2
        fitting = [
            (abs(blocks[number].found.index - expected), number)
            for number in range(end, len(blocks))
            if blocks[number].found.kind == kind
        ]
        deviation, number = min(fitting, default=(NEAR * distance, -1))
        if deviation < NEAR * distance:
            return number

    return None
