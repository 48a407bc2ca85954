"""What the signing pages say, as types: a language that forgets a sentence does not compile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The page of one end state: a sign, what happened, and one next step.

    `{organisation}` is filled in.
    """

    sign: str
    tone: str
    title: str
    lead: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPageText:
    """Everything around the request.

    `{organisation}`, `{name}`, `{version}`, `{until}` and `{end}` are filled in.
    """

    page_title: str
    headline: str
    dear: str
    test: str
    test_ended: str
    in_short: str
    who: str
    contact: str
    contact_unknown: str
    dpo: str
    level: str
    levels: Mapping[str, str]
    not_here_title: str
    not_here: str
    link: str
    term: str
    decide_by: str
    free: str
    fault_title: str
    purposes: str
    purposes_hint: str
    purpose: str
    agree: str
    agree_to: str
    intended: str
    beware: str
    notice: str
    notice_version: str
    open_all: str
    advice: str
    advice_hint: str
    advices: Mapping[str, str]
    represented: str
    sign_title: str
    statement: str
    name: str
    name_hint: str
    sign: str
    decline_title: str
    decline_hint: str
    decline_reason: str
    decline: str
    not_me_title: str
    not_me_hint: str
    not_me: str
    faults: Mapping[str, str]
    agreed_to: str
    had_agreed_to: str
    signed_on: str
    valid_until: str
    ended_on: str
    fingerprint: str
    fingerprint_hint: str
    receipt_title: str
    receipt_hint: str
    receipt_pdf: str
    receipt_json: str
    keep_title: str
    keep_hint: str
    keep_letter: str
    keep_subject: str
    keep_scan: str
    next_title: str
    next_steps: tuple[str, ...]
    stop_title: str
    stop_hint: str
    stop: str
    ask: str
    number: str
    endings: Mapping[str, Ending]
