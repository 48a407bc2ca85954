"""The producer's code in China's hidden label (GB 45438-2025, annex E)."""

from __future__ import annotations

import re
from typing import Final

PRODUCER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
"""What fits into the label and into a header."""
