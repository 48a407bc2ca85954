"""What the options of a provider may be: an allow-list with a rule for each value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.canonical_json import Json

Kind = Literal["number", "whole", "flag", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRule:
    """The values that one option takes.

    Numbers lie from `least` to `most`, inclusive. A text is one of `choices`, or any text of at
    most `most` characters where there are none. Nothing is clamped or made to fit.
    """

    kind: Kind
    least: float | None = None
    most: float | None = None
    choices: frozenset[str] = frozenset()

    def describe_fault(self, value: Json) -> str:
        """Return what is wrong with a value, "" for a good one."""
        if self.kind == "flag":
            return "" if isinstance(value, bool) else "This must be true or false."
        if self.kind == "text":
            return self._describe_text_fault(value)

        wanted = (int,) if self.kind == "whole" else (int, float)
        if not isinstance(value, wanted) or isinstance(value, bool):
            return "This must be a whole number." if self.kind == "whole" else "Give a number."
        if self.least is not None and value < self.least:
            return f"This must be at least {self.least:g}."
        if self.most is not None and value > self.most:
            return f"This must be at most {self.most:g}."

        return ""

    def _describe_text_fault(self, value: Json) -> str:
        if not isinstance(value, str):
            return "This must be a text."
        if self.choices and value not in self.choices:
            return f"Name one of: {', '.join(sorted(self.choices))}."
        if not self.choices and self.most is not None and len(value) > self.most:
            return f"At most {self.most:g} characters."

        return ""
