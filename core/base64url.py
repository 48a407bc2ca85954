"""Base64url without padding (RFC 4648 section 5), and only in its one canonical spelling."""

from __future__ import annotations

import base64
import binascii


def encode_base64url(data: bytes) -> str:
    """Return the bytes in base64url, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """Return the bytes that `encode_base64url` would write as `text`.

    Padding, white space, the letters `+` and `/` and trailing bits that are not zero are refused:
    otherwise one value could be spelled in several ways.

    Raises ValueError.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error

    # The library ignores trailing bits, and some versions of it accept padding or `+` and `/`.
    if encode_base64url(data) != text:
        raise ValueError("not base64url in its canonical spelling")

    return data
