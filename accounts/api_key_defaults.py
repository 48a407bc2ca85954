"""What a key says where a call says nothing: each default is checked, and kept in its one spelling,
when it is set.

The rooms above know the codes; each registers how the default of its name is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import Fault, Invalid
from core.hooks import Registry

# Gives the one spelling of a code. Raises Invalid with the fault of one that is not known.
Spell = Callable[[str], str]
NAMES: Final = frozenset(
    {"default_use_case", "default_channel", "default_territory", "default_language"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSpelling:
    """How the default of this name is read."""

    name: str
    spell: Spell


spellings: Final = Registry[DefaultSpelling](
    "accounts.api_key_defaults.spellings", key=lambda spelling: spelling.name
)


def canonicalise_defaults(fields: Mapping[str, object]) -> dict[str, object]:
    """Give fields of a key with its defaults in their one spelling.

    Raises Invalid with a fault a mistake.
    """
    found, faults = dict(fields), []
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
