"""The words of the verify page, in every language of ours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.web import Language
from provenance.translations import de, en
from provenance.translations.schema import Finding, VerifyPageText

ALL: Final[Mapping[Language, VerifyPageText]] = MappingProxyType({"en": en.WORDS, "de": de.WORDS})

__all__ = ["ALL", "Finding", "VerifyPageText"]
