"""Ed25519 verification (RFC 8032, 5.1)."""

from __future__ import annotations

import hashlib
import hmac

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
# Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z.
Point = tuple[int, int, int, int]
NEUTRAL: Point = (0, 1, 1, 0)


def is_ed25519_valid(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return True if the signature is good.

    Only canonical encodings, S below the group order, no key of small order.
    """
    if len(public_key) != 32 or len(signature) != 64:
        return False

    s = int.from_bytes(signature[32:], "little")
    key = _decode_point(public_key)
    if s >= ORDER or key is None:
        return False

    eightfold = _double_point(_double_point(_double_point(key)))
    if _encode_point(eightfold) == _encode_point(NEUTRAL):
        return False

    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    minus = (P - key[0], key[1], key[2], P - key[3])

    # R = S·B - k·A, compared as bytes: only the one canonical encoding of R is equal.
    return hmac.compare_digest(_encode_point(_add_two_products(s, BASE, k, minus)), signature[:32])


def _decode_point(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)

    if y >= P:
        return None

    u = (y * y - 1) % P
    v = (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (v * x * x - u) % P or (x == 0 and sign):
        return None

    if x & 1 != sign:
        x = P - x

    return (x, y, 1, x * y % P)


def _encode_point(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)

    x, y = point[0] * inverse % P, point[1] * inverse % P

    return (y | (x & 1) << 255).to_bytes(32, "little")


def _add_points(left: Point, right: Point) -> Point:
    a = (left[1] - left[0]) * (right[1] - right[0]) % P
    b = (left[1] + left[0]) * (right[1] + right[0]) % P
    c = 2 * left[3] * right[3] * D % P
    d = 2 * left[2] * right[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a

    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _double_point(point: Point) -> Point:
    a, b, c = point[0] * point[0] % P, point[1] * point[1] % P, 2 * point[2] * point[2] % P
    h = a + b
    e, g = h - (point[0] + point[1]) ** 2, a - b
    f = c + g

    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _add_two_products(a: int, left: Point, b: int, right: Point) -> Point:
    """Return a·one + b·other, both at once, bit by bit.

    It is not constant time: everything here is public.
    """
    terms = (NEUTRAL, left, right, _add_points(left, right))
    result = NEUTRAL

    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        result = _double_point(result)
        which = (a >> bit & 1) | (b >> bit & 1) << 1
        if which:
            result = _add_points(result, terms[which])

    return result


_BASE = _decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
assert _BASE is not None  # noqa: S101 - the constant of RFC 8032 is a point
BASE: Point = _BASE
