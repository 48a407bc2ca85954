"""What the verify page says, as types: a language that forgets a sentence does not compile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one verdict means to a reader: a sign, a headline, what it proves and what it does not."""

    sign: str
    tone: str
    title: str
    lead: str
    proves: tuple[str, ...]
    proves_not: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything that the page says. `{limit}` in a sentence is the size limit in MB."""

    title: str
    lead: str
    choose: str
    hint: str
    ask: str
    ask_another: str
    promise_title: str
    promises: tuple[str, ...]
    answers_title: str
    fault_title: str
    no_file: str
    empty_file: str
    too_large: str
    unavailable: str
    too_many: str
    clip_title: str
    clip: str
    issued_at: str
    issued_by: str
    consent: str
    erased: str
    evidence_title: str
    proves_title: str
    proves_not_title: str
    findings: Mapping[str, Finding]
    layers: Mapping[str, str]
    evidence: Mapping[str, str]
    consent_states: Mapping[str, str]
