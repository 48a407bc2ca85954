"""The erasure certificate: what was done to each target, signed so that it proves itself without us.

Form: JCS bytes and a compact JWS over them (RFC 7515, Ed25519), as for consent records. It names ids, methods, times
and grounds, in codes and in plain words; never what was erased. That of test data says so.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from core import canonical, clock, pdf_paper
from core.pdf_blocks import Block, Heading, Paper, Passage, Table
from vault import signing
from vault.keys import Destruction
from voices.erasure import wording
from voices.models.erasure import Erasure, ErasureTarget

VERSION: Final = "sayso-erasure/1"
STANDARD: Final = "NIST SP 800-88r2, cryptographic erase"


def build(
    erasure: Erasure, targets: Sequence[ErasureTarget], destruction: Destruction, *, locale: str, at: datetime
) -> tuple[bytes, str]:
    """Give the certificate's JCS bytes and the JWS over them. `locale` is the language of its sentences."""
    body: dict[str, canonical.Json] = {
        "version": VERSION,
        "title": title(locale, livemode=erasure.livemode),
        "test": None if erasure.livemode else wording.said("test_line", locale),
        "locale": locale,
        "erasure": erasure.id,
        "organisation": erasure.organisation_id,
        "speaker": erasure.speaker_id,
        "livemode": erasure.livemode,
        "reason": erasure.reason,
        "requested_at": clock.rfc3339(erasure.created_at),
        "completed_at": clock.rfc3339(at),
        "standard": STANDARD,
        "key": {
            "subject": destruction.subject,
            "epoch": destruction.epoch,
            "destroyed_at": clock.rfc3339(destruction.destroyed_at),
            "rows": destruction.rows,
        },
        "targets": [
            {
                "system": target.system, "asset": target.asset, "method": target.method, "state": target.state,
                "ground": wording.ground(target.asset, locale) if target.ground else None, "proof": target.proof,
                "in_words": _in_words(target, locale),
            }
            for target in targets
        ],
    }  # fmt: skip
    record = canonical.dump(body)
    signer = signing.signer("certificates", organisation_id=erasure.organisation_id, at=at)
    header = canonical.dump({"alg": "Ed25519", "kid": signer.key_id, "typ": "sayso-erasure+jws"})
    signed = f"{_b64(header)}.{_b64(record)}"
    return record, f"{signed}.{_b64(signer.sign(signed.encode()))}"


def digest(record: bytes) -> str:
    """SHA-256 of the certificate, in hex: what the log entry names."""
    return canonical.sha256(record)


def facts(record: bytes) -> dict[str, Any]:
    """Read a certificate's bytes."""
    read: Any = canonical.load(record)
    return dict(read)


def public_key(erasure: Erasure, *, at: datetime) -> str:
    """The key that verifies certificates of this organisation, raw Ed25519 in base64."""
    signer = signing.signer("certificates", organisation_id=erasure.organisation_id, at=at)
    return base64.b64encode(signer.public_key).decode()


def title(locale: str, *, livemode: bool) -> str:
    """Name the paper; that of test data says so."""
    named = wording.said("title", locale)
    return named if livemode else f"{wording.said('test', locale)}: {named}"


def pdf(certificate: Mapping[str, Any], sha256: str) -> bytes:
    """Draw the certificate as a page or two for people; the signed form is the JSON."""
    paper = Paper(
        title=certificate["title"],
        lang=certificate["locale"],
        made_at=datetime.fromisoformat(certificate["completed_at"]),
        banner=certificate["test"] or "",
        page_word=wording.said("page", certificate["locale"]),
        footer=certificate["erasure"],
    )
    return pdf_paper.draw(paper, list(_story(certificate, sha256)))


def _story(certificate: Mapping[str, Any], sha256: str) -> Iterator[Block]:
    locale = str(certificate["locale"])
    yield Heading(text=certificate["title"], level=1)
    facts = wording.said("facts", locale).format(
        erasure=certificate["erasure"],
        speaker=certificate["speaker"],
        requested=certificate["requested_at"],
        completed=certificate["completed_at"],
        destroyed=certificate["key"]["destroyed_at"],
    )
    yield Passage(text=facts)
    gone = [target["in_words"] for target in certificate["targets"] if not target["ground"]]
    head = [wording.said(name, locale) for name in ("what", "how")]
    yield Table(head=head, rows=[(words["what"], words["how"]) for words in gone], widths=(50, 50))
    yield Heading(text=wording.said("kept", locale))
    for target in certificate["targets"]:
        if target["ground"]:
            yield Passage(text=f"{target['in_words']['what']}. {target['ground']}")
    yield Passage(text=f"{wording.said('hash', locale)}: {sha256}")


def _in_words(target: ErasureTarget, locale: str) -> dict[str, canonical.Json]:
    return {
        "what": wording.what(target.system, target.asset, target.method, locale),
        "how": wording.how(target.method, locale),
    }


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
