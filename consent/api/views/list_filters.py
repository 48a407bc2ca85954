"""Words by which several lists of the API are narrowed."""

from __future__ import annotations

from consent.policy import languages, use_cases
from core.errors import Fault, Invalid


def read_use_case(word: str) -> str:
    """Return the canonical use case of a filter. Raises Invalid (`use_case_unknown`)."""
    try:
        return use_cases.parse_use_case(word)
    except use_cases.UnknownUseCase:
        raise _refuse_word(
            "use_case", "There is no such use case. `GET /v1/use_cases` lists all."
        ) from None


def read_language(word: str) -> str:
    """Return the canonical language of a filter. Raises Invalid (`language_unknown`)."""
    try:
        return languages.parse_language(word)
    except languages.UnknownLanguage:
        raise _refuse_word("language", f"There is no such language. {languages.HOW_TO}") from None


def _refuse_word(name: str, detail: str) -> Invalid:
    code = f"{name}_unknown"
    return Invalid(detail, code=code, faults=(Fault(code=code, detail=detail, attr=name),))
