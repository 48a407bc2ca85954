"""The signing page drawn: the same request gives the same bytes, so that what was served can be
kept as evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts import contact_details
from accounts.contact_details import Contact
from consent.documents import plain_language, provider_wording, signing_page_text
from consent.documents.provider_wording import ShownProvider
from consent.lifecycle import signing_links
from consent.policy import change_reasons
from consent.signing import ceremony, fault_text, page_snapshots
from consent.signing.ceremony import SigningView
from consent.signing.page_snapshots import Snapshot
from core import qr_codes, web
from core.errors import Invalid

SHOWN_HASH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Entered:
    """What a person had filled in when something was still missing."""

    ticked: tuple[str, ...] = ()
    name_typed: str = ""
    advice: str = ""


def draw_snapshot(view: SigningView, *, token: str) -> Snapshot:
    """Draw the request as it is served, with every box empty.

    The bytes are evidence, so the catalogs of translations have no part in them.
    """
    return page_snapshots.take_snapshot(
        _draw_page(view, token, Entered(), faults={}, page_sha256=page_snapshots.get_blank_hash())
    )


def draw_with_faults(view: SigningView, *, token: str, entered: Entered, invalid: Invalid) -> str:
    """Draw the request with what was entered, and say what is missing."""
    with translation.override(plain_language.find_locale(view.locale)):
        faults = _word_faults(view, invalid, entered.name_typed.strip())
    return _draw_page(
        view, token, entered, faults=faults, page_sha256=draw_snapshot(view, token=token).sha256
    )


def list_contact_lines(contact: Contact) -> tuple[tuple[str, str, str], ...]:
    """Return the lines of a contact: which of them it is (`contact`, `dpo`), its words, and where a
    link to it leads.
    """
    lines = (("contact", contact.contact), ("dpo", contact.dpo))
    return tuple((kind, text, contact_details.link_to(text)) for kind, text in lines if text)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Kept:
    """A person's link in the forms in which they can keep it: to copy, as a letter to themselves,
    and to scan.
    """

    link: str
    letter: str
    side: int
    squares: str


def build_link_copies(token: str, *, subject: str) -> Kept:
    """Return a link in these forms.

    The letter is written by the person's own program, and goes where they say.
    """
    link = signing_links.signing_page_address(token)
    squares = qr_codes.encode_qr_rows(link)
    letter = f"mailto:?{urlencode({'subject': subject, 'body': link}, quote_via=quote)}"
    return Kept(
        link=link, letter=letter, side=len(squares), squares=qr_codes.rows_to_svg_path(squares)
    )


def split_label(sentence: str) -> tuple[str, str]:
    """Split a sentence such as `Languages: English.` into label and rest, so that the eye finds the
    row.

    The words stay those of the evidence.
    """
    label, colon, rest = sentence.partition(": ")
    return (f"{label}:", rest) if colon else ("", sentence)


def list_provider_lines(
    shown: Iterable[ShownProvider],
) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the name of each provider with its sentences, split into label and rest."""
    return tuple((one.name, tuple(map(split_label, one.sentences))) for one in shown)


def _draw_page(
    view: SigningView,
    token: str,
    entered: Entered,
    *,
    faults: Mapping[str, SafeString],
    page_sha256: str,
) -> str:
    language = plain_language.find_locale(view.locale)
    words = signing_page_text.load_page_text(language)
    shown = {
        "lang": language,
        "words": _fill_words(words, view),
        "view": view,
        "token": token,
        "link": signing_links.signing_page_address(token),
        "contact": list_contact_lines(view.contact),
        "level": words["levels"][view.assurance],
        "may_sign": view.assurance in ceremony.SIGNED_HERE,
        "provider_words": provider_wording.load_provider_words(language),
        "providers": list_provider_lines(view.providers),
        "purposes": tuple(
            (grant, tuple(map(split_label, grant.sentences))) for grant in view.grants
        ),
        "decide_by": plain_language.describe_moment(view.decide_by, language),
        "faults": faults,
        "entered": entered,
        "advices": tuple((code, words["advices"][code]) for code in ceremony.ADVICE),
        "not_me_reason": change_reasons.NOT_ME,
        "page_field": page_snapshots.FIELD,
        "page_sha256": page_sha256,
    }
    # The reader's language must not change a word: the same request has to give the same bytes.
    with translation.override(language):
        if faults:
            shown["fault_title"] = gettext("One more thing")
        return render_to_string("consent/sign.html", shown)


def _fill_words(words: Mapping[str, Any], view: SigningView) -> dict[str, Any]:
    """Return the words of the page with the names, version and hash of this request filled in."""
    own = {
        "organisation": web.isolate_name(view.organisation),
        "name": web.isolate_name(view.speaker_name),
        "version": view.notice_version,
        "hash": view.notice_sha256[:SHOWN_HASH],
    }
    names = (
        "headline",
        "dear",
        "name_hint",
        "decline_hint",
        "not_me_hint",
        "notice_version",
        "not_here",
    )
    return {**words, **{name: format_html(words[name], **own) for name in names}}


def _word_faults(view: SigningView, invalid: Invalid, typed: str) -> dict[str, SafeString]:
    """Return what is missing in the answer, by the name of the field."""
    found = {
        fault.attr or "": str(fault_text.FAULTS.get(fault.code, fault.detail))
        for fault in invalid.faults
    }
    if "name_typed" in found and not typed:
        found["name_typed"] = str(fault_text.FAULTS["name_missing"])
    name = web.isolate_name(view.speaker_name)
    return {field: format_html(text, name=name) for field, text in found.items()}
