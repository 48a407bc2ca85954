"""Spelling of codes: one plain form for each."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LONGEST: Final = 64
_DASHES: Final = re.compile(r"[\s\-\u2010-\u2015_]+")


def normalise_code(text: str) -> str:
    """Return a code without full-width letters, capitals, outer blanks and dashes.

    ` In-Store` becomes `in_store`. A text that is longer than any code becomes "", which is no
    code.
    """
    if len(text) > _LONGEST:
        return ""

    folded = unicodedata.normalize("NFKC", text).strip().casefold()

    return _DASHES.sub("_", folded)
