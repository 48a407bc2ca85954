"""Consent receipts: the person's copy of what they signed, as JSON and as PDF in plain words.

Names and levels are those of the record and its evidence. Later corrections appear beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from consent import intended_uses, speaker_history, speakers
from consent.documents import plain_language, provider_wording
from consent.documents.signed_facts import SignedFacts, read_signed_facts
from consent.errors import NotSigned
from consent.lifecycle import link_deliveries
from consent.models import Consent, Grant
from consent.policy.state_machine import ConsentState
from core import canonical_json, pdf_paper
from core.canonical_json import Json
from core.clock import to_rfc3339
from core.pdf_blocks import Block, CodeBlock, Heading, Line, Paper, Passage

SCHEMA: Final = "sayso-consent-receipt/1"
PROFILE: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"


def receipt_to_json(consent: Consent, *, at: datetime | None = None) -> dict[str, Json]:
    """Return the receipt after ISO/IEC TS 27560: its own version and id, and the whole record.

    Raises NotSigned.
    """
    if consent.record is None or consent.signed_at is None:
        raise NotSigned("This is not signed yet.", facts={"state": consent.state})

    read = _open_read_words(consent)

    return {
        "schema_version": SCHEMA,
        "profile": PROFILE,
        "receipt_id": f"{consent.id}.receipt",
        "object": "consent_receipt",
        "issued_at": to_rfc3339(consent.signed_at),
        "livemode": consent.livemode,
        "state": consent.state_at(at) if at else consent.state,
        "record": canonical_json.load(bytes(consent.record)),
        "person": {
            "signed_name": read_signed_facts(consent).name,
            "corrections": _list_corrections(consent),
        },
        "record_sha256": consent.record_sha256,
        "jws": consent.record_jws,
        "providers_in_words": [
            {"code": one.code, "name": one.name, "sentences": list(one.sentences)}
            for one in provider_wording.describe_signed_providers(
                bytes(consent.record), consent.notice_version.locale
            )
        ],
        "scope_in_words": [
            {
                "grant": grant.id,
                **_words_to_json(read.get(grant.id)),
                "sentences": list(
                    plain_language.describe_scope(grant.signed, consent.notice_version.locale)
                ),
            }
            for grant in _list_agreed_grants(consent)
        ],
    }


def receipt_to_pdf(consent: Consent, *, at: datetime | None = None, link: str = "") -> bytes:
    """Return the receipt as a PDF of one or two pages, in the language of the notice.

    `link` is the person's own, for the copy that they fetch behind it. The copy of an organisation
    has none: with it a reader could act in the person's name.

    Raises NotSigned.
    """
    if consent.signed_at is None:
        raise NotSigned("This is not signed yet.", facts={"state": consent.state})

    locale = consent.notice_version.locale
    say: dict[str, Any] = plain_language.load_words(locale)["receipt"]
    personal = speakers.open_personal(consent.speaker)

    paper = Paper(
        title=say["title"],
        lang=locale,
        made_at=consent.signed_at,
        banner="" if consent.livemode else say["test"],
        page_word=say["page"],
        footer=consent.id,
    )
    state = consent.state_at(at) if at else ConsentState(consent.state)

    return pdf_paper.draw_paper(
        paper,
        list(_receipt_blocks(consent, state, link)),
        undrawn=say["undrawn"],
        language=(personal.locale if personal else None) or "",
        country=(personal.country if personal else None) or "",
    )


def _receipt_blocks(consent: Consent, state: ConsentState, link: str = "") -> Iterator[Block]:
    locale = consent.notice_version.locale
    say: dict[str, Any] = plain_language.load_words(locale)["receipt"]
    signed = read_signed_facts(consent)

    yield Heading(text=say["title"], level=1)
    yield from _controller_lines(consent, say)
    yield Line(label=say["person"], value=signed.name or say["erased"])
    yield from _correction_lines(consent, say, locale)
    yield from _answer_lines(signed, say)

    if consent.signed_at is not None:
        yield Line(
            label=say["signed"], value=plain_language.describe_moment(consent.signed_at, locale)
        )

    if consent.valid_from is not None and consent.valid_until is not None:
        yield Line(
            label=say["term"],
            value=plain_language.describe_term(consent.valid_from, consent.valid_until, locale),
        )

    yield from _proof_lines(signed, say)
    yield Line(label=say["state"], value=plain_language.name_state(state, locale))

    yield from _provider_lines(consent, locale)
    yield Heading(text=say["purposes"])

    read = _open_read_words(consent)
    for grant in _list_agreed_grants(consent):
        yield from _purpose_lines(grant, read.get(grant.id), say, locale)

    declined = [
        plain_language.name_use_case(grant.use_case, locale)
        for grant in consent.grants.filter(declined_at__isnull=False)
    ]

    if declined:
        yield Line(label=say["declined"], value="; ".join(declined))

    yield Passage(text=say["withdraw"])
    if link:
        yield CodeBlock(title=say["link"], hint=say["link_hint"], address=link)

    yield Heading(text=say["record"])
    version = consent.notice_version
    yield Line(
        label=say["notice"], value=f"{version.notice.key} {version.version} ({version.locale})"
    )
    for label, value in ((say["record"], consent.id), (say["hash"], consent.record_sha256)):
        yield Passage(text=f"{label}: {value}", small=True)


def _controller_lines(consent: Consent, say: dict[str, Any]) -> Iterator[Block]:
    """Yield who asked and their contact, as it was signed."""
    record: Any = (
        canonical_json.load(bytes(consent.record))
        if consent.record is not None
        else {"parties": []}
    )
    asker: dict[str, str] = next(
        (one for one in record["parties"] if one["party_type"] == "controller"), {}
    )

    yield Line(label=say["organisation"], value=asker.get("name") or consent.organisation.name)
    for label, name in ((say["contact"], "contact"), (say["dpo"], "data_protection_officer")):
        if asker.get(name):
            yield Line(label=label, value=asker[name])


def _provider_lines(consent: Consent, locale: str) -> Iterator[Block]:
    """Yield the providers as they were signed, with the facts of that time."""
    yield Heading(text=str(provider_wording.load_provider_words(locale)["title"]))
    for one in provider_wording.describe_signed_providers(bytes(consent.record or b""), locale):
        yield Heading(text=one.name, level=3)
        for sentence in one.sentences:
            yield Passage(text=sentence, point=True)


def _answer_lines(signed: SignedFacts, say: dict[str, Any]) -> Iterator[Block]:
    """Yield what was typed as the signature, and the person's answer about advice."""
    if signed.typed:
        yield Line(label=say["typed"], value=signed.typed)
    if signed.advice:
        yield Line(label=say["advice"], value=say["advices"][signed.advice])


def _proof_lines(signed: SignedFacts, say: dict[str, Any]) -> Iterator[Block]:
    """Yield the level of the proof, and the way by which the link reached the person."""
    # The general sentence about a level is untrue if the link was no secret of the person's, or if
    # there was none.
    other = say["levels_by_method"].get(signed.method)
    level = other.format(level=signed.assurance) if other else say["levels"][signed.assurance]

    yield Line(label=say["level"], value=level)
    yield Line(label=say["method"], value=say["methods"].get(signed.method, signed.method))
    if signed.written_to:
        yield Line(label=say["sent"], value=link_deliveries.mask_address(signed.written_to))


def _list_corrections(consent: Consent) -> list[Json]:
    """Return the corrections since the signature with old and new values, oldest first."""
    found = speaker_history.list_corrections(consent.speaker, since=consent.signed_at)

    return [
        {"corrected_at": to_rfc3339(one.at), "before": dict(one.before), "after": dict(one.after)}
        for one in found
    ]


def _correction_lines(consent: Consent, say: dict[str, Any], locale: str) -> Iterator[Block]:
    for one in speaker_history.list_corrections(consent.speaker, since=consent.signed_at):
        changes = [
            say["correction"].format(
                field=say["fields"][name],
                before=one.before[name] or "-",
                after=one.after[name] or "-",
            )
            for name in one.fields
        ]

        label = say["corrected"].format(date=plain_language.describe_moment(one.at, locale))
        yield Line(label=label, value="; ".join(changes))


def _purpose_lines(
    grant: Grant, read: intended_uses.IntendedUseWords | None, say: dict[str, Any], locale: str
) -> Iterator[Block]:
    yield Heading(text=plain_language.name_use_case(grant.use_case, locale), level=3)
    yield Line(label=say["intended"], value=read.text if read else say["erased"])
    for sentence in plain_language.describe_scope(grant.signed, locale):
        yield Passage(text=sentence, point=True)


def _open_read_words(consent: Consent) -> dict[str, intended_uses.IntendedUseWords]:
    """Return the words that the person read, by grant, none after an erasure."""
    grants = _list_agreed_grants(consent)
    opened = intended_uses.open_words_of_grants(grants, consent.speaker.subject)
    found = {
        grant.id: intended_uses.find_words(grant.signed, opened.get(grant.id, ()))
        for grant in grants
    }

    return {grant_id: words for grant_id, words in found.items() if words is not None}


def _words_to_json(read: intended_uses.IntendedUseWords | None) -> dict[str, Json]:
    """Return the words with the salt of their hash, to compare them with the signed record."""
    return {
        "intended_uses": read.text if read else None,
        "intended_uses_salt": read.salt.hex() if read else None,
    }


def _list_agreed_grants(consent: Consent) -> list[Grant]:
    return list(consent.grants.filter(declined_at=None).order_by("position"))
