"""QR codes of an address or a key as rows of squares, for pages and papers."""

from __future__ import annotations

from collections.abc import Sequence

import qrcode  # type: ignore[import-untyped]  # no types, and allauth brings it

Rows = Sequence[Sequence[bool]]


def encode_qr_rows(text: str) -> Rows:
    """Return the rows of the code, True for a dark square, with the light border for readers."""
    code = qrcode.QRCode()
    code.add_data(text)

    found: Rows = code.get_matrix()
    return found


def rows_to_svg_path(squares: Rows) -> str:
    """Return the dark squares as the path of an SVG element, one unit each."""
    return "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(squares) for x, dark in enumerate(row) if dark
    )
