"""Receipts: the person's copy of what they signed, as JSON for computers and as PDF in plain words."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any, Final

from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from consent import intended_uses, speakers
from consent.models import Consent, Grant
from consent.outputs import NotSigned
from consent.paper import words
from consent.rules.states import State
from core import canonical
from core.canonical import Json
from core.clock import rfc3339
from core.lettering import drawn, is_whole

SCHEMA: Final = "sayso-consent-receipt/1"
PROFILE: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"


def as_json(consent: Consent, *, at: datetime | None = None) -> dict[str, Json]:
    """Give the receipt after ISO/IEC TS 27560: its own version and id, and the whole record. Raises NotSigned."""
    if consent.record is None or consent.signed_at is None:
        raise NotSigned("Nobody has signed this yet.", facts={"state": consent.state})
    read = _read(consent)
    return {
        "schema_version": SCHEMA,
        "profile": PROFILE,
        "receipt_id": f"{consent.id}.receipt",
        "object": "consent_receipt",
        "issued_at": rfc3339(consent.signed_at),
        "livemode": consent.livemode,
        "state": consent.state_at(at) if at else consent.state,
        "record": canonical.load(bytes(consent.record)),
        "record_sha256": consent.record_sha256,
        "jws": consent.record_jws,
        "scope_in_words": [
            {
                "grant": grant.id,
                **_words(read.get(grant.id)),
                "sentences": list(words.sentences(grant.signed, consent.notice_version.locale)),
            }
            for grant in _agreed(consent)
        ],
    }


def as_pdf(consent: Consent, *, at: datetime | None = None) -> bytes:
    """Give the receipt as a PDF of one page or two, in the language of the notice. Raises NotSigned."""
    if consent.signed_at is None:
        raise NotSigned("Nobody has signed this yet.", facts={"state": consent.state})
    out = io.BytesIO()
    title = words.table(consent.notice_version.locale)["receipt"]["title"]
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=22 * mm, rightMargin=22 * mm, topMargin=20 * mm, bottomMargin=20 * mm,
        title=title, author="Sayso", lang=consent.notice_version.locale, invariant=1,
    )  # fmt: skip
    document.build(list(_story(consent, consent.state_at(at) if at else State(consent.state))))
    return out.getvalue()


_BODY: Final = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=14, alignment=TA_LEFT, spaceAfter=3)
_TITLE: Final = ParagraphStyle("title", parent=_BODY, fontName="Helvetica-Bold", fontSize=18, leading=24, spaceAfter=8)
_PART: Final = ParagraphStyle("part", parent=_BODY, fontName="Helvetica-Bold", fontSize=12, leading=18, spaceBefore=8)
_CODE: Final = ParagraphStyle("code", parent=_BODY, fontName="Courier", fontSize=8, leading=11)


def _story(consent: Consent, state: State) -> Iterator[Flowable]:
    locale = consent.notice_version.locale
    say: dict[str, Any] = words.table(locale)["receipt"]
    personal = speakers.personal_of(consent.speaker)
    yield Paragraph(escape(say["title"]), _TITLE)
    if not consent.livemode:
        yield Paragraph(f"<b>{escape(say['test'])}</b>", _BODY)
    yield _line(say["organisation"], consent.organisation.name)
    yield _line(say["person"], personal.name if personal else say["erased"])
    read = _read(consent)
    written = [one.text for one in read.values()] + [personal.name if personal else ""]
    if not is_whole(" ".join(map(str, [consent.organisation.name, *written]))):
        yield Paragraph(escape(say["undrawn"]), _BODY)
    if consent.signed_at is not None:
        yield _line(say["signed"], words.moment(consent.signed_at, locale))
    if consent.valid_from is not None and consent.valid_until is not None:
        yield _line(say["term"], words.term(consent.valid_from, consent.valid_until, locale))
    yield _line(say["level"], consent.assurance)
    yield _line(say["state"], words.state(state, locale))
    yield Paragraph(escape(say["purposes"]), _PART)
    for grant in _agreed(consent):
        yield from _purpose(grant, read.get(grant.id), say, locale)
    declined = [words.use_case(grant.use_case, locale) for grant in consent.grants.filter(declined_at__isnull=False)]
    if declined:
        yield _line(say["declined"], "; ".join(declined))
    yield Spacer(1, 4 * mm)
    yield Paragraph(escape(say["withdraw"]), _BODY)
    yield Paragraph(escape(say["record"]), _PART)
    version = consent.notice_version
    yield _line(say["notice"], f"{version.notice.key} {version.version} ({version.locale})")
    for label, value in ((say["record"], consent.id), (say["hash"], consent.record_sha256)):
        yield Paragraph(f"{escape(label)}: {escape(value)}", _CODE)


def _purpose(grant: Grant, read: intended_uses.Words | None, say: dict[str, Any], locale: str) -> Iterator[Flowable]:
    yield Paragraph(f"<b>{escape(words.use_case(grant.use_case, locale))}</b>", _BODY)
    yield _line(say["intended"], read.text if read else say["erased"])
    for sentence in words.sentences(grant.signed, locale):
        yield Paragraph(f"- {escape(sentence)}", _BODY)


def _line(label: str, value: str) -> Paragraph:
    return Paragraph(f"<b>{escape(label)}:</b> {drawn(value)}", _BODY)


def _read(consent: Consent) -> dict[str, intended_uses.Words]:
    """Give the words that the person read, by grant; none after an erasure."""
    grants = _agreed(consent)
    opened = intended_uses.opened_of(grants, consent.speaker.subject)
    found = {grant.id: intended_uses.chosen(grant.signed, opened.get(grant.id, ())) for grant in grants}
    return {grant_id: words for grant_id, words in found.items() if words is not None}


def _words(read: intended_uses.Words | None) -> dict[str, Json]:
    """Give the words with the salt of their hash, so that they can be held against the signed record."""
    return {
        "intended_uses": read.text if read else None,
        "intended_uses_salt": read.salt.hex() if read else None,
    }


def _agreed(consent: Consent) -> list[Grant]:
    return list(consent.grants.filter(declined_at=None).order_by("position"))
