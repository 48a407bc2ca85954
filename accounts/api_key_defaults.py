"""What a key says where a call says nothing: each default is checked, and kept in its one spelling,
when it is set.

The rooms above know the codes; each registers how the default of its name is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.errors import Fault, Invalid

# Gives the one spelling of a code. Raises Invalid with the fault of one that is not known.
Spell = Callable[[str], str]
NAMES: Final = frozenset(
    {"default_use_case", "default_channel", "default_territory", "default_language"}
)

_spells: dict[str, Spell] = {}


def register_default(name: str, spell: Spell) -> None:
    """Make known how a default is read; called once when the applications start."""
    _spells[name] = spell


def canonicalise_defaults(fields: Mapping[str, object]) -> dict[str, object]:
    """Give fields of a key with its defaults in their one spelling.

    Raises Invalid with a fault a mistake.
    """
    found, faults = dict(fields), []
    for name in sorted(NAMES & fields.keys()):
        text = fields[name]
        if not text or name not in _spells:
            continue
        try:
            found[name] = _spells[name](str(text))
        except Invalid as unknown:
            faults += [
                Fault(code=fault.code, detail=fault.detail, attr=name) for fault in unknown.faults
            ]
    if faults:
        raise Invalid(faults[0].detail, code=faults[0].code, faults=faults)
    return found
