"""Snapshots: the page as it was served, to be kept as evidence.

The page carries its own hash back with the answer.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

FIELD: Final = "page_sha256"
# Stands in the hidden field while the page is hashed: a page cannot hold its own hash.
_BLANK: Final = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A page as served, and the SHA-256 of it with 64 zeros in place of that hash."""

    html: str
    sha256: str

    def is_named_by(self, sent: str) -> bool:
        """Return whether an answer carries this page's hash."""
        return hmac.compare_digest(sent.encode(), self.sha256.encode())


def get_blank_hash() -> str:
    """Return what stands in the hidden field while the page is drawn."""
    return _BLANK


def take_snapshot(html: str) -> Snapshot:
    """Take a page that was drawn with the blank: hash it, and put the hash in."""
    if html.count(_BLANK) != 1:
        raise ValueError("the page must hold the blank exactly once")
    sha256 = hashlib.sha256(html.encode()).hexdigest()
    return Snapshot(html=html.replace(_BLANK, sha256), sha256=sha256)
