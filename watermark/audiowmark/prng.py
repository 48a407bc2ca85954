"""Keyed random numbers from AES-128 in counter mode, and the shuffle that they drive."""

from __future__ import annotations

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from watermark.audiowmark.audiowmark_parameters import Places


def generate_numbers(secret: bytes, stream: int, seed: int, count: int) -> NDArray[np.uint64]:
    """Return the first `count` 64-bit numbers of a stream (0 to 255) for a seed (64 bits).

    Seed and stream, encrypted as one block, are the counter at which the key stream begins. Eight
    bytes of that, big-endian, are a number.
    """
    algorithm = algorithms.AES(secret)
    block = seed.to_bytes(8, "big") + bytes([stream]) + bytes(7)

    # One block is a permutation, not a mode of encryption.
    start = Cipher(algorithm, modes.ECB()).encryptor().update(block)  # noqa: S305
    keystream = Cipher(algorithm, modes.CTR(start)).encryptor().update(bytes(8 * count))

    return np.frombuffer(keystream, dtype=">u8").astype(np.uint64)


def shuffle_indices(count: int, secret: bytes, stream: int, seed: int) -> Places:
    """Return the numbers 0 to `count` - 1 in the order of a stream.

    Each place in turn receives one of the numbers not yet placed.
    """
    left = np.arange(count, 0, -1, dtype=np.uint64)
    steps = (generate_numbers(secret, stream, seed, count) % left).tolist()

    order = list(range(count))
    for place, step in enumerate(steps):
        other = place + step
        order[place], order[other] = order[other], order[place]

    return np.array(order, dtype=np.intp)
