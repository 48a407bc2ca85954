"""Ada's service and its backup: what stands before, and the two commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction

from consent import services as consents
from consent import speakers
from consent.models import Consent, Speaker
from core import clock
from erasure import erasure_requests, execution
from tests.conftest import NOON
from tests.fixtures.consents import MakeConsent
from transparency_log import sequencer
from vault import blobs

AUDIO = b"what Ada said"


@dataclass(frozen=True, kw_only=True)
class Ada:
    """A person with a signed consent and a recording."""

    consent: Consent
    blob: str

    @property
    def speaker(self) -> Speaker:
        return Speaker.objects.get(id=self.consent.speaker_id)

    @property
    def name(self) -> str | None:
        """As the service can read it now."""
        personal = speakers.open_personal(self.speaker)
        return personal.name if personal else None

    @property
    def audio(self) -> bytes:
        return blobs.get_blob(self.blob)


MakeAda = Callable[[], Ada]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The clock of the commands: an hour after all that was."""
    at = NOON + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


@pytest.fixture
def make_ada(transactional_db: None, later: datetime, make_consent: MakeConsent) -> MakeAda:
    """Makes people of Acme's, and publishes the log."""

    def make() -> Ada:
        consent = make_consent()
        with transaction.atomic():
            blob = blobs.store_blob(
                subject=consent.speaker.subject, kind="sample", data=AUDIO, at=NOON
            )
        sequencer.settle_log(consent.organisation_id, at=NOON)
        return Ada(consent=consent, blob=blob)

    return make


@pytest.fixture
def ada(make_ada: MakeAda) -> Ada:
    return make_ada()


@pytest.fixture
def archive_file(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar"


def back_up(file: Path) -> str:
    """Run the command; give what it said."""
    said = StringIO()
    call_command("backup", str(file), stdout=said, stderr=StringIO())
    return said.getvalue()


def restore(file: Path, *options: str) -> str:
    """Run the command; give what it said."""
    said = StringIO()
    call_command("restore", str(file), *options, stdout=said, stderr=StringIO())
    return said.getvalue()


def erase(ada: Ada) -> None:
    """Erase her, to the end."""
    speaker = ada.speaker
    erasure = erasure_requests.request_erasure(
        speaker.id, organisation=speaker.organisation, livemode=speaker.livemode,
        reason="requested", actor="system:test", at=clock.now(), wall_time=clock.now(),
    )  # fmt: skip
    execution.continue_erasure(erasure.id, now=clock.now)
    sequencer.settle_log(speaker.organisation_id, at=clock.now())


def revoke(ada: Ada) -> None:
    """Something happens after the backup, and the log shows it."""
    consent = ada.consent
    consents.withdraw_consent(
        consent.id, organisation_id=consent.organisation_id, livemode=False, reason="withdrawn",
        actor="speaker", at=clock.now(),
    )  # fmt: skip
    sequencer.settle_log(consent.organisation_id, at=clock.now())
