"""The words of the verify page, in every language of ours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.pages import Language
from provenance.wording import de, en
from provenance.wording.shape import Finding, Words

ALL: Final[Mapping[Language, Words]] = MappingProxyType({"en": en.WORDS, "de": de.WORDS})

__all__ = ["ALL", "Finding", "Words"]
