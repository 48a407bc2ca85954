"""ML-DSA-44 verification (FIPS 204, algorithms 3 and 8), pure and with an empty context."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

Q = 8_380_417
TAU = 39
GAMMA1 = 1 << 17
GAMMA2 = (Q - 1) // 88
BETA = 78
OMEGA = 80
# k and l: the matrix is 4 by 4.
RANK = 4
# 256 coefficients.
Polynomial = list[int]


def is_mldsa44_valid(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return True if the signature (2420 bytes) of the message by this key (1312 bytes) is good."""
    if len(public_key) != 1312 or len(signature) != 2420:
        return False

    promise = signature[:32]
    packed = signature[32:2336]
    hints = _decode_hints(signature[2336:])
    answers = [
        [GAMMA1 - value for value in _unpack_integers(packed[576 * i : 576 * (i + 1)], 18)]
        for i in range(RANK)
    ]

    if hints is None or any(abs(value) >= GAMMA1 - BETA for answer in answers for value in answer):
        return False

    represented = hashlib.shake_256(public_key).digest(64) + b"\0\0" + message
    digest = hashlib.shake_256(represented).digest(64)
    challenge = _transform_polynomial(_draw_challenge(promise))
    turned = [_transform_polynomial(answer) for answer in answers]
    commitment = b""

    for row in range(RANK):
        total = [0] * 256
        for column in range(RANK):
            total = _add_polynomials(
                total,
                _multiply_polynomials(
                    _draw_uniform(public_key[:32] + bytes((column, row))), turned[column]
                ),
            )

        top = _unpack_integers(public_key[32 + 320 * row : 352 + 320 * row], 10)
        known = _multiply_polynomials(
            challenge, _transform_polynomial([value << 13 for value in top])
        )
        whole = _invert_transform([(one - other) % Q for one, other in zip(total, known)])
        commitment += _pack_six_bits(
            [_use_hint(flag, value) for flag, value in zip(hints[row], whole)]
        )

    return hmac.compare_digest(hashlib.shake_256(digest + commitment).digest(32), promise)


def _unpack_integers(data: bytes, bits: int) -> Polynomial:
    number = int.from_bytes(data, "little")
    return [number >> bits * place & (1 << bits) - 1 for place in range(len(data) * 8 // bits)]


def _pack_six_bits(values: Polynomial) -> bytes:
    return sum(value << 6 * place for place, value in enumerate(values)).to_bytes(192, "little")


def _decode_hints(data: bytes) -> list[Polynomial] | None:
    """Return the hint from its one spelling (algorithm 21), None for any other."""
    rows = [[0] * 256 for _ in range(RANK)]
    at = 0

    for row in range(RANK):
        end = data[OMEGA + row]
        if not at <= end <= OMEGA:
            return None

        for place in range(at, end):
            if place > at and data[place - 1] >= data[place]:
                return None
            rows[row][data[place]] = 1

        at = end

    return None if any(data[at:OMEGA]) else rows


def _draw_challenge(seed: bytes) -> Polynomial:
    """Return the polynomial with TAU coefficients of 1 or -1 (algorithm 29)."""
    drawn = _stream_shake256(seed)
    signs = int.from_bytes(bytes(next(drawn) for _ in range(8)), "little")
    result = [0] * 256

    for place in range(256 - TAU, 256):
        other = next(byte for byte in drawn if byte <= place)
        result[place], result[other] = result[other], 1 - 2 * (signs & 1)
        signs >>= 1

    return result


def _stream_shake256(seed: bytes) -> Iterator[int]:
    size, given = 256, 0
    while True:
        block = hashlib.shake_256(seed).digest(size)
        yield from block[given:]
        size, given = 2 * size, size


def _draw_uniform(seed: bytes) -> Polynomial:
    """Return 256 coefficients below Q, from three bytes each (algorithm 30)."""
    size = 1024
    while True:
        data = hashlib.shake_128(seed).digest(size - size % 3)
        drawn = (
            int.from_bytes(data[at : at + 3], "little") & 0x7FFFFF for at in range(0, len(data), 3)
        )
        found = [value for value in drawn if value < Q][:256]
        if len(found) == 256:
            return found

        size *= 2


def _use_hint(flag: int, value: int) -> int:
    """Return the high part, one step further if the hint says so (algorithms 36 and 40)."""
    low = value % (2 * GAMMA2)
    if low > GAMMA2:
        low -= 2 * GAMMA2

    high = (value - low) // (2 * GAMMA2)
    if value - low == Q - 1:
        high = 0
        low -= 1

    if not flag:
        return high

    return (high + (1 if low > 0 else -1)) % 44


def _compute_roots() -> list[int]:
    return [pow(1753, int(f"{place:08b}"[::-1], 2), Q) for place in range(256)]


ROOTS = _compute_roots()


def _transform_polynomial(values: Polynomial) -> Polynomial:
    """Return the number-theoretic transform (algorithm 41)."""
    result = [value % Q for value in values]
    number = 0
    length = 128

    while length:
        for start in range(0, 256, 2 * length):
            number += 1
            for place in range(start, start + length):
                turned = ROOTS[number] * result[place + length] % Q
                kept = result[place]
                result[place] = (kept + turned) % Q
                result[place + length] = (kept - turned) % Q
        length >>= 1

    return result


def _invert_transform(values: Polynomial) -> Polynomial:
    """Return the inverse of the transform (algorithm 42)."""
    result = list(values)
    number = 256
    length = 1

    while length < 256:
        for start in range(0, 256, 2 * length):
            number -= 1
            for place in range(start, start + length):
                one, other = result[place], result[place + length]
                result[place] = (one + other) % Q
                result[place + length] = (other - one) * ROOTS[number] % Q
        length <<= 1

    # 8347681 is 1/256 modulo Q.
    return [value * 8_347_681 % Q for value in result]


def _multiply_polynomials(left: Polynomial, right: Polynomial) -> Polynomial:
    return [a * b % Q for a, b in zip(left, right)]


def _add_polynomials(left: Polynomial, right: Polynomial) -> Polynomial:
    return [(a + b) % Q for a, b in zip(left, right)]
