"""The erasure certificate: what was done to each target, signed so that it proves itself without us.

Form: JCS bytes and a compact JWS over them (RFC 7515, Ed25519), as for consent records. It names ids, methods, times
and grounds; never what was erased.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from core import canonical, clock
from core.lettering import drawn
from vault import signing
from vault.keys import Destruction
from voices.models.erasure import Erasure, ErasureTarget

VERSION: Final = "sayso-erasure/1"
STANDARD: Final = "NIST SP 800-88r2, cryptographic erase"


def build(
    erasure: Erasure, targets: Sequence[ErasureTarget], destruction: Destruction, *, at: datetime
) -> tuple[bytes, str]:
    """Give the certificate's JCS bytes and the JWS over them."""
    body: dict[str, canonical.Json] = {
        "version": VERSION,
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
                "ground": target.ground or None, "proof": target.proof,
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


def public_key(erasure: Erasure, *, at: datetime) -> str:
    """The key that verifies certificates of this organisation, raw Ed25519 in base64."""
    signer = signing.signer("certificates", organisation_id=erasure.organisation_id, at=at)
    return base64.b64encode(signer.public_key).decode()


def pdf(certificate: dict[str, Any], sha256: str) -> bytes:
    """The certificate as one page for people; the signed form is the JSON."""
    styles = getSampleStyleSheet()
    out = io.BytesIO()
    page = SimpleDocTemplate(out, pagesize=A4, title="Certificate of erasure", author="Sayso", invariant=1)
    rows = [["System", "What", "How", "State"]] + [
        [Paragraph(drawn(str(target[name])), styles["BodyText"]) for name in ("system", "asset", "method", "state")]
        for target in certificate["targets"]
    ]
    grounds = sorted({target["ground"] for target in certificate["targets"] if target["ground"]})
    facts = (
        f"Erasure {certificate['erasure']} of speaker {certificate['speaker']}, asked for on "
        f"{certificate['requested_at']}, completed on {certificate['completed_at']}. The person's key "
        f"({certificate['key']['subject']}) was destroyed on {certificate['key']['destroyed_at']}: what it encrypted "
        "can no longer be opened."
    )
    page.build(
        [
            Paragraph("Certificate of erasure", styles["Title"]),
            Paragraph(facts, styles["BodyText"]),
            Spacer(1, 12),
            Table(rows, colWidths=[90, 170, 130, 80], repeatRows=1),
            Spacer(1, 12),
            *(Paragraph(f"Kept: {drawn(ground)}", styles["BodyText"]) for ground in grounds),
            Paragraph(f"SHA-256 of the signed certificate: {sha256}", styles["BodyText"]),
        ]
    )
    return out.getvalue()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
