"""Defaults of an API key, for what a call leaves out.

A default is checked and brought into its canonical spelling when it is set. The packages above know
the codes, and each registers how the default of its name is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import Fault, Invalid
from core.hooks import Registry

# Returns the canonical spelling of a code. Raises Invalid with the fault of an unknown one.
Spell = Callable[[str], str]
NAMES: Final = frozenset(
    {"default_use_case", "default_channel", "default_territory", "default_language"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSpelling:
    """How the default with this name is read."""

    name: str
    spell: Spell


spellings: Final = Registry[DefaultSpelling](
    "accounts.api_key_defaults.spellings", key=lambda spelling: spelling.name
)


def canonicalise_defaults(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the `fields` of a key with its defaults in their canonical spelling.

    Raises Invalid with one fault for each mistake.
    """
    found = dict(fields)
    faults: list[Fault] = []

    for name in sorted(NAMES & fields.keys()):
        text = fields[name]
        spelling = spellings.get(name)
        if not text or spelling is None:
            continue

        try:
            found[name] = spelling.spell(str(text))
        except Invalid as unknown:
            faults += [
                Fault(code=fault.code, detail=fault.detail, attr=name) for fault in unknown.faults
            ]

    if faults:
        raise Invalid(faults[0].detail, code=faults[0].code, faults=faults)

    return found
