"""Checks of an answer before it is signed: ticks, name and advice, each mistake with its field."""

from __future__ import annotations

from typing import Final

from consent import speakers
from consent.models import Consent, Grant
from core import name_matching
from core.errors import Fault, Invalid

ADVICE: Final = ("none", "counsel", "union")
"""Who advised the person: under some laws an agreement without a lawyer or a union may not stand.
"""


def find_answer_faults(
    consent: Consent,
    grants: list[Grant],
    *,
    ticked: tuple[str, ...],
    advice: str | None,
    name_typed: str,
) -> tuple[Fault, ...]:
    """Return everything that is missing in an answer, none when it can be signed."""
    return (
        *_find_tick_faults(ticked, grants),
        *_find_advice_faults(advice),
        *_find_name_faults(name_typed, consent),
    )


def page_changed_error() -> Invalid:
    """Return the error for an answer to a page that is not the one that would be served now."""
    fault = _make_fault(
        "page", "page_changed", "The request has changed since the page was opened."
    )
    return Invalid(fault.detail, faults=(fault,))


def _find_tick_faults(ticked: tuple[str, ...], grants: list[Grant]) -> tuple[Fault, ...]:
    if not ticked:
        return (_make_fault("ticked", "nothing_ticked", "Tick at least one purpose, or say no."),)
    if not set(ticked) <= {grant.id for grant in grants}:
        return (
            _make_fault("ticked", "tick_unknown", "A tick belongs to no purpose of this request."),
        )
    return ()


def _find_advice_faults(advice: str | None) -> tuple[Fault, ...]:
    if advice is None or advice in ADVICE:
        return ()
    return (_make_fault("advice", "advice_missing", "Say whether you are advised."),)


def _find_name_faults(typed: str, consent: Consent) -> tuple[Fault, ...]:
    personal = speakers.open_personal(consent.speaker)
    if personal is not None and name_matching.is_same_name(typed, personal.name):
        return ()
    return (
        _make_fault("name_typed", "name_mismatch", "Type your name as it stands in the request."),
    )


def _make_fault(attr: str, code: str, detail: str) -> Fault:
    return Fault(code=code, detail=detail, attr=attr)
