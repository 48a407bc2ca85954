"""A small story to export: Ana consents, a call is refused, two clips are made; and how a bundle of
it is checked.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.models import Organisation
from consent import gate, services
from consent.models import Consent, Speaker
from core.caller_notes import Notes
from provenance.clips import clip_fields, clip_lifecycle, clip_reservation
from provenance.exports import export_requests as exports
from provenance.exports import worker
from provenance.models import Clip, Export, ExportState
from provenance.verifier import build
from tests.conftest import NOON
from tests.provenance.test_clips import delivery, said
from tests.support import consent_factories, verifier_processes
from tests.support.consent_factories import KEY
from transparency_log import sequencer
from transparency_log.models import Entry
from vault import blobs, signing_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Who and what there is."""

    organisation: Organisation
    speaker: Speaker
    consent: Consent
    clips: tuple[Clip, ...]


def tell(organisation: Organisation, *, at: datetime = NOON, **changes: Any) -> Story:
    """Ana signs audiobooks, one call is refused, two clips are made."""
    speaker = consent_factories.make_speaker(
        organisation, at=at, metadata={"note": "=1+1"}, **changes
    )
    made = services.request_consent(
        organisation=organisation, livemode=False, speaker_id=speaker.id,
        grants=(consent_factories.AUDIOBOOK,), actor=KEY, at=at, duration="P1Y",
        jurisdictions=["EU"],
    )  # fmt: skip
    consent = services.sign_as_test(
        made.consent.id, organisation_id=organisation.id, actor=KEY, at=at
    )
    consent_factories.codes(consent, at=at, language="ja")
    spoken = tuple(speak(consent, number, at=at) for number in range(2))
    return Story(organisation=organisation, speaker=speaker, consent=consent, clips=spoken)


def speak(consent: Consent, number: int = 0, *, at: datetime = NOON) -> Clip:
    """Deliver one clip as the pipeline does."""
    permit = consent_factories.check(consent, at=at, characters=10)
    origin = clip_fields.ClipDraft(
        organisation_id=consent.organisation_id, livemode=consent.livemode, subject=permit.subject,
        consent_id=permit.consent_id, grant_id=permit.grant_id, decision_id=permit.decision_id,
        voice_id="", record_sha256=permit.record_sha256, policy_version=permit.policy_version,
        provider="local", language=str(permit.language), use_case=permit.use_case, characters=10,
        notes=Notes(client_reference="=cmd|' /C calc'!A0"),
    )  # fmt: skip
    intent = clip_reservation.reserve_clip(origin, at=at)
    with transaction.atomic():
        gate.confirm(permit, at=at)
        gate.commit(permit, characters=10, milliseconds=4000, at=at)
        audio = b"audio %d" % number
        blob_id = blobs.store_blob(subject=permit.subject, kind="clip", data=audio, at=at)
        sha256 = hashlib.sha256(audio).hexdigest()
        return clip_lifecycle.issue_clip(
            intent.clip, delivery(blob_id, sha256=sha256), terms=said(), at=at, actor=KEY
        )


def request(organisation: Organisation, kind: Any = "audit", **changes: Any) -> Export:
    """Ask for a bundle of the test data."""
    known: dict[str, Any] = {
        "start": None, "end": None, "speaker_id": None, "words": True, "at": NOON, "actor": KEY,
        **changes,
    }  # fmt: skip
    signing_keys.get_signer("exports", organisation_id=organisation.id, at=NOON)  # as the API does
    return exports.request_export(
        organisation_id=organisation.id, livemode=False, kind=kind, **known
    )


def export(organisation: Organisation, kind: Any = "audit", **changes: Any) -> Export:
    """Ask for a bundle and have it made."""
    row = request(organisation, kind, **changes)
    worker.make_pending_exports(now=lambda: NOON)
    row.refresh_from_db()
    assert row.state == ExportState.READY, row.code
    return row


def bundle(organisation: Organisation, kind: Any = "audit", **changes: Any) -> bytes:
    """Ask for a bundle and give its bytes."""
    return b"".join(exports.read_bundle(export(organisation, kind, **changes)))


def logged(organisation: Organisation, *, after: Export | None = None) -> list[str]:
    """Settle the log and give the kinds of its entries, or of those that a bundle does not hold
    yet.
    """
    sequencer.settle_log(organisation.id, at=NOON)
    rows = Entry.objects.filter(
        organisation_id=organisation.id, idx__gte=(after.log_size or 0) if after else 0
    )
    return list(rows.order_by("idx").values_list("kind", flat=True))


def members(data: bytes) -> dict[str, bytes]:
    """Unpack in memory."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Mapping[str, bytes]) -> bytes:
    """Pack again, with another program as it were."""
    buffer = io.BytesIO()
    # Packed fast: some tests pack hundreds of bundles.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def rows(files: Mapping[str, bytes], name: str) -> list[dict[str, Any]]:
    """The rows of a JSONL file."""
    return [json.loads(line) for line in files[name].splitlines()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the verifier said."""

    code: int
    checks: Mapping[str, str]
    details: Mapping[str, str]


@lru_cache(maxsize=1)
def program() -> Path:
    """The verifier as it ships, in a file."""
    path = Path(tempfile.mkdtemp(prefix="sayso-verify-")) / "verify.py"
    path.write_bytes(build.build_program())
    return path


def verify(path: Path, *options: str) -> Verdict:
    """Run the shipped verifier as a stranger would: a program of its own, with nothing but the
    standard library.
    """
    return examined(str(path), *options)


def examined(*arguments: str) -> Verdict:
    """Run it with these arguments and give what it said."""
    done = verifier_processes.run_verifier(program(), *arguments, "--json")
    assert done.stderr == ""
    said = json.loads(done.stdout)
    return Verdict(
        code=done.returncode,
        checks={row["check"]: row["result"] for row in said["checks"]},
        details={row["check"]: row["detail"] for row in said["checks"]},
    )


def run_program(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the shipped verifier as it is."""
    command = [sys.executable, "-I", "-S", str(program()), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
