"""The defaults of an API key, read by the same closed lists as the words of a call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from accounts import api_key_defaults
from accounts.api_key_defaults import DefaultSpelling
from consent.policy import channels, languages, territories, use_cases
from consent.policy.types import unknown_place
from core.errors import Fault, Invalid


def register_key_defaults() -> None:
    """Register how each default is read. Called when the applications start."""
    use_case = f"There is no such use case. Name one of: {use_cases.LISTED}."
    language = f"This is no specific language that we know. {languages.HOW_TO}"
    wrong = {
        "use_case": Fault(code="use_case_unknown", detail=use_case),
        "language": Fault(code="language_unknown", detail=language),
        "channel": unknown_place("channel", attr="default_channel"),
        "territory": unknown_place("territory", attr="default_territory"),
    }

    spells: dict[str, Callable[[str], str]] = {
        "use_case": use_cases.parse_use_case,
        "language": languages.parse_language,
        "channel": channels.parse_channel,
        "territory": territories.parse_territory,
    }

    for name, spell in spells.items():
        api_key_defaults.spellings.add(
            DefaultSpelling(
                name=f"default_{name}", spell=partial(_spell_default, spell, wrong[name])
            )
        )


def _spell_default(spell: Callable[[str], str], wrong: Fault, text: str) -> str:
    try:
        return spell(text)
    except ValueError:
        raise Invalid(wrong.detail, code=wrong.code, faults=(wrong,)) from None
