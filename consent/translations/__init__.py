"""The words around a signing page, in every language of ours.

What is signed itself is worded in `consent/words.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from consent.translations import de, en
from consent.translations.schema import Ending, SigningPageText
from core.web import Language

ALL: Final[Mapping[Language, SigningPageText]] = MappingProxyType({"en": en.WORDS, "de": de.WORDS})

__all__ = ["ALL", "Ending", "SigningPageText"]
