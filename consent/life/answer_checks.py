"""Checks of an answer before it is signed: ticks, name and advice, each mistake with its field."""

from __future__ import annotations

import unicodedata
from typing import Final

from consent import speakers
from consent.models import Consent, Grant
from core import shown
from core.errors import Fault, Invalid

ADVICE: Final = ("none", "counsel", "union")
"""Who advised the person: under some laws an agreement without a lawyer or a union may not stand."""


def faults_of(
    consent: Consent, grants: list[Grant], *, ticked: tuple[str, ...], advice: str | None, name_typed: str
) -> tuple[Fault, ...]:
    """Return everything that is missing in an answer, none when it can be signed."""
    return (*_faults_of_ticks(ticked, grants), *_faults_of_advice(advice), *_faults_of_name(name_typed, consent))


def page_changed() -> Invalid:
    """The answer to a page that is not the one that would be served now."""
    fault = _fault("page", "page_changed", "The request has changed since the page was opened.")
    return Invalid(fault.detail, faults=(fault,))


def _faults_of_ticks(ticked: tuple[str, ...], grants: list[Grant]) -> tuple[Fault, ...]:
    if not ticked:
        return (_fault("ticked", "nothing_ticked", "Tick at least one purpose, or say no."),)
    if not set(ticked) <= {grant.id for grant in grants}:
        return (_fault("ticked", "tick_unknown", "A tick belongs to no purpose of this request."),)
    return ()


def _faults_of_advice(advice: str | None) -> tuple[Fault, ...]:
    if advice is None or advice in ADVICE:
        return ()
    return (_fault("advice", "advice_missing", "Say whether somebody advises you."),)


def _faults_of_name(typed: str, consent: Consent) -> tuple[Fault, ...]:
    personal = speakers.personal_of(consent.speaker)
    if personal is not None and _plain(typed) and _plain(typed) == _plain(personal.name):
        return ()
    return (_fault("name_typed", "name_mismatch", "Type your name as it stands in the request."),)


def _plain(name: str) -> str:
    """A name without case, accents, odd spaces and what draws nothing: people write their own names in several ways."""
    decomposed = unicodedata.normalize("NFKD", shown.bare(name))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).casefold().split())


def _fault(attr: str, code: str, detail: str) -> Fault:
    return Fault(code=code, detail=detail, attr=attr)
