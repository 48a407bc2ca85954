"""Listeners of voices for changes of a key, a policy or a consent."""

from __future__ import annotations

from typing import Final, cast

from accounts.domain_events import DomainEvent
from accounts.models import Organisation
from accounts.sandbox_clock import now_for
from consent import comparison_consent
from core.background_tasks import send_task
from voices import voice_comparison
from voices.speech import job_settlement

SPEAKS: Final = "speech:write"
"""The scope of an API key that queues speech."""


def on_key_event(event: DomainEvent) -> None:
    """End the queued speech of a key that was disabled, was rotated, or lost its right to speak."""
    key_id = event.refs.get("key")
    if event.facts.get("keep_jobs") or key_id is None:
        return

    lost = event.facts.get("action") == "key.updated" and SPEAKS not in cast(
        "list[str]", event.facts["scopes"]
    )
    if lost or event.kind in {"key.disabled", "key.rotated"}:
        organisation = Organisation.objects.get(id=event.organisation_id)
        job_settlement.end_items_of_key(
            key_id, at=now_for(organisation, livemode=event.livemode, wall_time=event.at)
        )


def on_policy_event(event: DomainEvent) -> None:
    """Delete the embeddings of an organisation whose owner switches the comparison off."""
    if event.kind == "policy.changed" and not comparison_consent.is_comparison_on(
        event.organisation_id
    ):
        voice_comparison.erase_embeddings_of_organisation(event.organisation_id)


def on_consent_ended(**_signal: object) -> None:
    """Wake the sweep, which finds its work by the rows."""
    send_task("voices.sweep", {})
