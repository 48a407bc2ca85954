"""DER as far as time stamps need it: the order of certificates, and a request's nonce."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_INTEGER: Final = 0x02
_SEQUENCE: Final = 0x30
_CONTEXT_0: Final = 0xA0


class NotDer(ValueError):
    """Bytes that are not DER, or DER of another shape."""


class _Element(NamedTuple):
    tag: int
    content: bytes
    whole: bytes


def sort_certificates(response: bytes) -> bytes:
    """Return the TimeStampResp with its certificates sorted.

    OpenSSL's authority writes the certificates of a token in the order signer, issuers. DER wants a
    SET OF sorted by its bytes (X.690, 11.6), and strict readers refuse the token. The certificates
    are not under the signature, so sorting them changes nothing that was signed.

    Raises NotDer for any other bytes, and for a response without a token.
    """
    status, token = _take_exactly(_read_children(_read_one(response, _SEQUENCE)), 2)
    kind, wrapped = _take_exactly(_read_children(token), 2)
    (signed,) = _take_exactly(_read_children(wrapped), 1)

    fields = [
        _sort_set(field) if field.tag == _CONTEXT_0 else field.whole
        for field in _read_children(signed)
    ]

    wrapped_again = _build_element(_CONTEXT_0, _build_element(_SEQUENCE, b"".join(fields)))
    return _build_element(
        _SEQUENCE, status.whole + _build_element(_SEQUENCE, kind.whole + wrapped_again)
    )


def read_request_nonce(request: bytes) -> int | None:
    """Return the nonce of a TimeStampReq: the INTEGER after version, imprint and perhaps a policy.

    None if there is none.

    Raises NotDer.
    """
    fields = list(_read_children(_read_one(request, _SEQUENCE)))
    found = [field for field in fields[2:] if field.tag == _INTEGER]

    return int.from_bytes(found[0].content, signed=True) if found else None


def _sort_set(field: _Element) -> bytes:
    # X.690 pads the shorter encoding with zeros for the comparison.
    elements: list[bytes] = [element.whole for element in _read_children(field)]
    longest = max((len(element) for element in elements), default=0)

    return _build_element(
        field.tag, b"".join(sorted(elements, key=lambda each: bytes(each).ljust(longest, b"\0")))
    )


def _read_one(data: bytes, tag: int) -> _Element:
    element, rest = _read_element(data)
    if rest or element.tag != tag:
        raise NotDer("this is not one DER element of the expected kind")
    return element


def _take_exactly(elements: Iterator[_Element], count: int) -> Sequence[_Element]:
    found = tuple(elements)
    if len(found) != count:
        raise NotDer("this is not a granted time stamp")

    return found


def _read_children(element: _Element) -> Iterator[_Element]:
    rest = element.content
    while rest:
        child, rest = _read_element(rest)
        yield child


def _read_element(data: bytes) -> tuple[_Element, bytes]:
    if len(data) < 2:
        raise NotDer("the DER ends too early")

    length = data[1]
    start = 2
    if length >= 0x80:
        start += length & 0x7F
        if length == 0x80 or start > 2 + 4 or len(data) < start:
            raise NotDer("a DER length that cannot be read")
        length = int.from_bytes(data[2:start])

    end = start + length
    if len(data) < end:
        raise NotDer("the DER ends too early")

    return _Element(data[0], data[start:end], data[:end]), data[end:]


def _build_element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content

    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content
