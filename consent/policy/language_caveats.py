"""Warnings about language ranges that cover less, or more, than a reader might expect."""

from __future__ import annotations

from typing import Final

from consent.policy import languages
from core.errors import Fault

COVERS_LESS: Final = "language_covers_less"
COVERS_MORE: Final = "language_covers_more"
_SPOKEN_OF: Final = {"ar": "arz", "ku": "ckb", "zh": "yue"}
"""The member of some macro languages that people often mean too."""


def find_language_caveat(text: str, *, attr: str) -> Fault | None:
    """Return the warning about a granted language range, or None.

    `text` is spelt as `languages.tidy_language_range` returns it.
    """
    if text == languages.ANY:
        return Fault(
            code=COVERS_MORE,
            detail="`*` covers every language, also those the person never spoke.",
            attr=attr,
        )

    language, *parts = (part for part in text.split("-") if part != languages.ANY)
    if parts:
        return Fault(code=COVERS_LESS, detail=_describe_part(text, language, parts), attr=attr)

    found = _describe_macro(languages.parse_language_range(language))
    return found and Fault(code=found[0], detail=found[1], attr=attr)


def _describe_part(text: str, language: str, parts: list[str]) -> str:
    """Describe a range with a script, region or variant: it does not cover the plain language."""
    region = next((part for part in parts if part in languages.REGIONS), None)
    where = (
        f" It covers `{language}` of each country in region {region} of UN M.49." if region else ""
    )

    return (
        f"`{text}` does not cover `{language}` itself, nor `{language}` of another script or "
        f"place.{where}"
    )


def _describe_macro(language: str) -> tuple[str, str] | None:
    """Return the warning about a macro language of ISO 639-3, or None.

    It names the members that the macro language covers, and says that it covers no others.
    """
    also = ", ".join(f"`{one}`" for one in sorted(languages.ALSO_COVERED.get(language, ())))
    main = _MAIN.get(language)

    if also:
        return (
            COVERS_MORE,
            f"`{language}` covers `{main}` and also {also}. Name one of them to cover it alone.",
        )

    if main is None and language not in languages.WITHOUT_MAIN_MEMBER:
        return None

    other = f", such as `{_SPOKEN_OF[language]}`" if language in _SPOKEN_OF else ""
    said = f"`{language}` and `{main}` alone" if main else f"`{language}` alone"

    return (
        COVERS_LESS,
        (
            f"This covers {said}: the other languages under `{language}`{other} need codes of "
            "their "
            "own."
        ),
    )


_MAIN: Final = {macro: member for member, macro in languages.MAIN_MEMBERS.items()}
