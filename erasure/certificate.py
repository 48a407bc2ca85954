"""The erasure certificate: JCS bytes and a compact JWS over them (RFC 7515, Ed25519).

It names what was done to each target: ids, methods, times and grounds, in codes and in words. It
never names what was erased. The certificate of test data says that it is one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from core import canonical_json, clock, jws, pdf_paper
from core.pdf_blocks import Block, Heading, Paper, Passage, Table
from erasure import certificate_text
from erasure.models import Erasure, ErasureTarget
from vault import signing_keys
from vault.subject_keys import Destruction

VERSION: Final = "sayso-erasure/1"
STANDARD: Final = "NIST SP 800-88r2, cryptographic erase"


def build_certificate(
    erasure: Erasure,
    targets: Sequence[ErasureTarget],
    destruction: Destruction,
    *,
    locale: str,
    at: datetime,
) -> tuple[bytes, str]:
    """Return the certificate's JCS bytes and the JWS over them.

    `locale` is the language of its sentences.
    """
    body: dict[str, canonical_json.Json] = {
        "version": VERSION,
        "title": certificate_title(locale, livemode=erasure.livemode),
        "test": None if erasure.livemode else certificate_text.get_sentence("test_line", locale),
        "locale": locale,
        "erasure": erasure.id,
        "organisation": erasure.organisation_id,
        "speaker": erasure.speaker_id,
        "livemode": erasure.livemode,
        "reason": erasure.reason,
        "requested_at": clock.to_rfc3339(erasure.created_at),
        "completed_at": clock.to_rfc3339(at),
        "standard": STANDARD,
        "key": {
            "subject": destruction.subject,
            "epoch": destruction.epoch,
            "destroyed_at": clock.to_rfc3339(destruction.destroyed_at),
            "rows": destruction.rows,
        },
        "targets": [_render_target(target, locale) for target in targets],
    }

    record = canonical_json.dump(body)
    signer = signing_keys.get_signer("certificates", organisation_id=erasure.organisation_id, at=at)
    signed = jws.sign_compact(
        record, key_id=signer.key_id, typ="sayso-erasure+jws", sign=signer.sign
    )

    return record, signed


def _render_target(target: ErasureTarget, locale: str) -> dict[str, canonical_json.Json]:
    ground = certificate_text.describe_ground(target.asset, locale) if target.ground else None
    return {
        "system": target.system,
        "asset": target.asset,
        "method": target.method,
        "state": target.state,
        "ground": ground,
        "proof": target.proof,
        "in_words": _describe_target(target, locale),
    }


def hash_certificate(record: bytes) -> str:
    """Return the SHA-256 of the certificate in hex, which the log entry names."""
    return canonical_json.sha256_hex(record)


def parse_certificate(record: bytes) -> dict[str, Any]:
    """Return the content of a certificate's bytes."""
    read: Any = canonical_json.load(record)
    return dict(read)


def public_key(erasure: Erasure, *, at: datetime) -> str:
    """Return the key that verifies certificates of this organisation: raw Ed25519 in base64."""
    signer = signing_keys.get_signer("certificates", organisation_id=erasure.organisation_id, at=at)
    return base64.b64encode(signer.public_key).decode()


def certificate_title(locale: str, *, livemode: bool) -> str:
    """Return the title of the certificate. That of test data says so."""
    named = certificate_text.get_sentence("title", locale)
    return named if livemode else f"{certificate_text.get_sentence('test', locale)}: {named}"


def render_pdf(certificate: Mapping[str, Any], sha256: str) -> bytes:
    """Return the certificate as a PDF of one or two pages. The signed form is the JSON."""
    paper = Paper(
        title=certificate["title"],
        lang=certificate["locale"],
        made_at=datetime.fromisoformat(certificate["completed_at"]),
        banner=certificate["test"] or "",
        page_word=certificate_text.get_sentence("page", certificate["locale"]),
        footer=certificate["erasure"],
    )

    return pdf_paper.draw_paper(paper, list(_render_blocks(certificate, sha256)))


def _render_blocks(certificate: Mapping[str, Any], sha256: str) -> Iterator[Block]:
    locale = str(certificate["locale"])
    yield Heading(text=certificate["title"], level=1)

    facts = certificate_text.get_sentence("facts", locale).format(
        erasure=certificate["erasure"],
        speaker=certificate["speaker"],
        requested=certificate["requested_at"],
        completed=certificate["completed_at"],
        destroyed=certificate["key"]["destroyed_at"],
    )
    yield Passage(text=facts)

    gone = [target["in_words"] for target in certificate["targets"] if not target["ground"]]
    head = [certificate_text.get_sentence(name, locale) for name in ("what", "how")]
    yield Table(head=head, rows=[(words["what"], words["how"]) for words in gone], widths=(50, 50))

    yield Heading(text=certificate_text.get_sentence("kept", locale))
    for target in certificate["targets"]:
        if target["ground"]:
            yield Passage(text=f"{target['in_words']['what']}. {target['ground']}")

    yield Passage(text=f"{certificate_text.get_sentence('hash', locale)}: {sha256}")


def _describe_target(target: ErasureTarget, locale: str) -> dict[str, canonical_json.Json]:
    return {
        "what": certificate_text.describe_target(
            target.system, target.asset, target.method, locale
        ),
        "how": certificate_text.describe_method(
            target.method, locale, seen=str(target.proof.get("seen") or "")
        ),
    }
