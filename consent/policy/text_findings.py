"""What was found in the text of a call: how well it fits the language that the call names.

The gate gets this and never the text. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from core.canonical_json import Json

Fit = Literal["fits", "too_short", "doubt", "mismatch", "several"]
FITS: Final = ("fits", "too_short", "doubt", "mismatch", "several")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFinding:
    """How well a text fits its language.

    `fits`: it speaks it. `too_short`: there is too little to judge. `doubt`: it may be another one.
    `mismatch`: it plainly is another one. `several`: parts of it plainly are in others.
    `languages` are the other ones, by canonical codes without region, the most of the text first.
    """

    fit: Fit
    languages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for a fit that is not known, or one that says nothing."""
        if self.fit not in FITS or (self.fit in {"mismatch", "several"} and not self.languages):
            raise ValueError("a finding needs a known fit, and the languages that speak against it")

    def to_json(self) -> dict[str, Json]:
        """Return the finding as a decision stores it."""
        return {"fit": self.fit, "languages": list(self.languages)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> TextFinding | None:
        """Return a stored finding. Decisions about no text have none."""
        if stored is None:
            return None

        return cls(fit=stored["fit"], languages=tuple(str(one) for one in stored["languages"]))
