"""The signing page drawn: the same request gives the same bytes, so that what was served can be kept as evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import format_html

from accounts import contact
from accounts.contact import Contact
from consent import wording
from consent.life import requests, signing, snapshots
from consent.life.signing import SigningView
from consent.life.snapshots import Snapshot
from consent.rules import reasons
from consent.wording import Words
from core import pages, qr
from core.errors import Invalid

SHOWN_HASH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Entered:
    """What a person had filled in when something was still missing."""

    ticked: tuple[str, ...] = ()
    name_typed: str = ""
    advice: str = ""


def snapshot(view: SigningView, *, token: str) -> Snapshot:
    """Draw the request as it is served to whoever opens it, with every box empty."""
    return snapshots.take(_drawn(view, token, Entered(), faults={}, page_sha256=snapshots.blank()))


def with_faults(view: SigningView, *, token: str, entered: Entered, invalid: Invalid) -> str:
    """Draw the request with what was entered, and say what is missing."""
    words = wording.ALL[pages.language_of(view.locale)]
    faults = _faults(words, view, invalid, entered.name_typed.strip())
    return _drawn(view, token, entered, faults=faults, page_sha256=snapshot(view, token=token).sha256)


def reachable(said: Contact) -> tuple[tuple[str, str, str], ...]:
    """Give the lines of a contact: which of them it is (`contact`, `dpo`), its words, and where a link to it leads."""
    lines = (("contact", said.contact), ("dpo", said.dpo))
    return tuple((kind, text, contact.link_to(text)) for kind, text in lines if text)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Kept:
    """A person's link in the forms in which they can keep it: to copy, as a letter to themselves, and to scan."""

    link: str
    letter: str
    side: int
    squares: str


def kept(token: str, *, subject: str) -> Kept:
    """Give a link in these forms. The letter is written by the person's own program, and goes where they say."""
    link = requests.address_of(token)
    squares = qr.rows(link)
    letter = f"mailto:?{urlencode({'subject': subject, 'body': link}, quote_via=quote)}"
    return Kept(link=link, letter=letter, side=len(squares), squares=qr.outline(squares))


def label_and_rest(sentence: str) -> tuple[str, str]:
    """`Languages: English.` in its two parts, so that the eye finds the row; the words stay those of the evidence."""
    label, colon, rest = sentence.partition(": ")
    return (f"{label}:", rest) if colon else ("", sentence)


def _drawn(view: SigningView, token: str, entered: Entered, *, faults: dict[str, str], page_sha256: str) -> str:
    language = pages.language_of(view.locale)
    words = wording.ALL[language]
    shown = {
        "lang": language,
        "words": _filled(words, view),
        "view": view,
        "token": token,
        "link": requests.address_of(token),
        "contact": reachable(view.contact),
        "level": words.levels[view.assurance],
        "may_sign": view.assurance in signing.SIGNED_HERE,
        "purposes": tuple((grant, tuple(map(label_and_rest, grant.sentences))) for grant in view.grants),
        "decide_by": pages.moment(view.decide_by, language),
        "faults": faults,
        "entered": entered,
        "advices": tuple((code, words.advices[code]) for code in signing.ADVICE),
        "not_me_reason": reasons.NOT_ME,
        "page_field": snapshots.FIELD,
        "page_sha256": page_sha256,
    }
    # The reader's language must not change a word: the same request has to give the same bytes.
    with translation.override(language):
        return render_to_string("consent/sign.html", shown)


def _filled(words: Words, view: SigningView) -> dict[str, Any]:
    """The words of the page with this request's own filled in."""
    own = {
        "organisation": pages.isolated(view.organisation),
        "name": pages.isolated(view.speaker_name),
        "version": view.notice_version,
        "hash": view.notice_sha256[:SHOWN_HASH],
    }
    names = ("headline", "dear", "name_hint", "decline_hint", "not_me_hint", "notice_version", "not_here")
    plain = {field: getattr(words, field) for field in words.__dataclass_fields__}
    return {**plain, **{name: format_html(plain[name], **own) for name in names}}


def _faults(words: Words, view: SigningView, invalid: Invalid, typed: str) -> dict[str, str]:
    """Field -> what is missing there."""
    found = {fault.attr or "": words.faults.get(fault.code, fault.detail) for fault in invalid.faults}
    if "name_typed" in found and not typed:
        found["name_typed"] = words.faults["name_missing"]
    return {field: text.format(name=view.speaker_name) for field, text in found.items()}
