"""Voices of the fixtures, logged as cloning would have: a bundle's verifier knows no voice that the
log does not.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import Organisation
from consent.models import Grant
from tests.support import export_scenario
from transparency_log.formats import log_entry
from transparency_log.models import Entry, Outbox
from voices import voice_events
from voices.models import Sample, Voice


def log_voices(organisation: Organisation) -> None:
    """Write `voice.ready` for every voice of this organisation that the log does not know yet."""
    rows = [
        *Entry.objects.values_list("payload", flat=True),
        *Outbox.objects.values_list("payload", flat=True),
    ]
    facts = [log_entry.read_entry(bytes(payload)) for payload in rows]
    known = {ref for fact in facts if fact.kind == "voice.ready" for _, ref in fact.refs}
    for voice in Voice.objects.filter(organisation=organisation).order_by("id"):
        if voice.id in known or voice.ready_at is None:
            continue
        samples = list(
            Sample.objects.filter(voice=voice).order_by("position").values_list("sha256", flat=True)
        )
        grant = Grant.objects.filter(consent_id=voice.consent_id).values_list("id", flat=True).get()
        body = voice_events.build_ready_body(
            voice, decision=voice.decision_id, grant=grant, samples=samples
        )
        with transaction.atomic():
            voice_events.log_voice_event(
                voice, "voice.ready", body, actor="key:test", at=voice.ready_at
            )


def bundle(organisation: Organisation, kind: Any = "audit", **changes: Any) -> bytes:
    """Give a bundle in which every voice of the fixtures is known to the log."""
    log_voices(organisation)
    return export_scenario.bundle(organisation, kind, **changes)
