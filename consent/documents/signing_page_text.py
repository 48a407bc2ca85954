"""The words of the signing page as it is served.

The page is hashed and kept as evidence, so its words are a versioned text (`core/signed_texts.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from consent.documents import plain_language
from core import signed_texts

VERSION: Final = 1


def load_page_text(locale: str) -> Mapping[str, Any]:
    """Return the words of the page. A locale without words reads English."""
    language = plain_language.find_locale(locale)
    return signed_texts.load_text(
        plain_language.FOLDER, "signing_page", version=VERSION, locale=language
    )
