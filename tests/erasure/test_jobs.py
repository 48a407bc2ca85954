"""Jobs of the erased: what was written beside them goes with the first of their people; other
people's items go on.
"""

from __future__ import annotations

import pytest
from django.db import transaction

from core.caller_notes import Notes
from tests.conftest import NOON
from tests.voices.conftest import (
    MakeConsent,
    MakeVoice,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
)
from voices.models import Job, JobItem, JobKind
from voices.speech import dispatch, job_queue, job_settlement

pytestmark = pytest.mark.django_db
WRITTEN = Notes(external_id="for Hildegard", metadata={"cast": "Hildegard and Ulf"})


@pytest.fixture
def batch(make_voice: MakeVoice, make_maras_consent: MakeConsent) -> Job:
    """Two people's voices in one batch; one text of each."""
    voices = [make_voice(make_maras_consent()) for _ in range(2)]
    orders = [order_for(voice, notes=Notes(client_reference="Hildegard")) for voice in voices]
    return dispatch.queue_job(
        orders,
        kind=JobKind.BATCH,
        principal=principal_of(voices[0]),
        at=NOON,
        wall_time=NOON,
        notes=WRITTEN,
        providers=only(Reader()),
    )


def items(job: Job) -> list[JobItem]:
    return list(JobItem.objects.filter(job=job).select_related("voice").order_by("position"))


def erase(subject: str) -> None:
    with transaction.atomic():
        job_settlement.erase_items_of_subject(subject, code="speaker_erased", at=NOON)


class TestPurge:
    def test_ends_the_notes_of_a_batch_with_the_first_of_its_people(self, batch: Job) -> None:
        assert job_queue.open_job_notes(batch) == WRITTEN
        first, second = items(batch)
        assert first.voice.subject != second.voice.subject

        erase(second.voice.subject)

        batch.refresh_from_db()
        assert (batch.sealed_notes, batch.external_index, job_queue.open_job_notes(batch)) == (
            None,
            "",
            Notes(),
        )

    def test_lets_the_other_peoples_items_be_spoken(self, batch: Job) -> None:
        erase(items(batch)[1].voice.subject)

        job_queue.run_job_items(batch.id, wall_clock=noon, providers=only(Reader()))

        assert [(item.state, item.code) for item in items(batch)] == [
            ("done", ""),
            ("refused", "speaker_erased"),
        ]

    def test_keeps_no_reasons_of_an_erased_persons_items(self, batch: Job) -> None:
        JobItem.objects.update(reasons=[{"code": "language_not_covered", "required": "Hildegard"}])
        first, second = items(batch)

        erase(second.voice.subject)

        assert [bool(item.reasons) for item in items(batch)] == [True, False]
        assert first.sealed_text is not None
