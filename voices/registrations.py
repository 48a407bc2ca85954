"""What lower rooms learn from up here: voices, a clip's consent, that an ended one wakes the sweep,
policy entries.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, cast

from accounts import organisation_policy
from accounts.domain_events import DomainEvent
from accounts.models import Organisation
from accounts.test_clock import now_for
from consent import comparison_consent
from consent.models import Consent
from consent.voice_lookup import KnownVoice
from core import clock
from voices import tasks, voice_comparison
from voices.models import ENDING, Voice, VoiceState
from voices.speech import aigc_policy, disclosure, job_queue

SPEAKS: Final = "speech:write"
"""The scope of an API key that queues speech."""


def consent_state(consent_id: str) -> str | None:
    """The state of a consent as it is now, for the verify page; None when there is no such
    consent.
    """
    found = (
        Consent.objects.select_related("organisation")
        .defer("record", "record_jws")
        .filter(id=consent_id)
        .first()
    )
    if found is None:
        return None
    return found.state_at(now_for(found.organisation, livemode=found.livemode, real=clock.now()))


def consent_level(consent_id: str) -> str | None:
    """The level at which a consent was signed, for clips and the verify page; None when there is no
    such consent.
    """
    return Consent.objects.filter(id=consent_id).values_list("assurance", flat=True).first()


def known_voice(organisation_id: str, livemode: bool, voice_id: str) -> KnownVoice | None:  # noqa: FBT001 - a callback
    """What the gate must know of an organisation's voice; None for a stranger's."""
    rows = Voice.objects.filter(id=voice_id, organisation_id=organisation_id, livemode=livemode)
    found = rows.values_list("consent_id", "state").first()
    return (
        None
        if found is None
        else KnownVoice(consent_id=found[0], ready=found[1] == VoiceState.READY)
    )


def ready_voices(voice_ids: Collection[str]) -> frozenset[str]:
    """Those of these voices that can speak now."""
    return frozenset(
        Voice.objects.filter(id__in=voice_ids, state=VoiceState.READY).values_list("id", flat=True)
    )


def gone_voices(voice_ids: Collection[str]) -> frozenset[str]:
    """Those of these voices that are being deleted or have been."""
    return frozenset(
        Voice.objects.filter(id__in=voice_ids, state__in=ENDING).values_list("id", flat=True)
    )


def on_key_event(event: DomainEvent) -> None:
    """End what is queued for a key that was disabled, lost its right to speak, or gave its secret
    up at once.
    """
    if event.facts.get("keep_jobs") or (key_id := event.refs.get("key")) is None:
        return
    lost = event.facts.get("action") == "key.updated" and SPEAKS not in cast(
        "list[str]", event.facts["scopes"]
    )
    if lost or event.kind in {"key.disabled", "key.rotated"}:
        organisation = Organisation.objects.get(id=event.organisation_id)
        job_queue.end_items_of_key(
            key_id, at=now_for(organisation, livemode=event.livemode, real=event.at)
        )


def on_policy_event(event: DomainEvent) -> None:
    """Delete what voices were compared by when an owner switches the comparison off."""
    if event.kind == "policy.changed" and not comparison_consent.is_comparison_on(
        event.organisation_id
    ):
        voice_comparison.forget_organisation(event.organisation_id)


def on_consent_ended(**_signal: object) -> None:
    """Wake the sweep; the rows say what there is to do."""
    tasks.sweep_voices.delay()


def register_policy() -> None:
    """Make the policy entries that speech asks for known."""
    organisation_policy.register_policy_entry(
        organisation_policy.PolicyEntry(
            name="mark_failed",
            help=(
                "Whether a clip that cannot be marked is refused or delivered all the same, and "
                "logged."
            ),
            example="refuse",
            check=organisation_policy.one_of("refuse", "deliver"),
        )
    )
    organisation_policy.register_policy_entry(
        organisation_policy.PolicyEntry(
            name="c2pa_failed",
            help=(
                "Whether a clip whose C2PA manifest cannot be made is refused or delivered "
                "without, and logged."
            ),
            example="refuse",
            check=organisation_policy.one_of("refuse", "deliver"),
        )
    )
    organisation_policy.register_policy_entry(
        organisation_policy.PolicyEntry(
            name="disclosure",
            help="What a call must say of the voice's being synthetic, by channel and territory.",
            example=[{"channels": ["telephone"], "territories": ["CN"], "mode": "spoken"}],
            check=disclosure.check_policy,
            canonical=disclosure.canonical_policy,
        )
    )
    organisation_policy.register_policy_entry(
        organisation_policy.PolicyEntry(
            name="aigc_label",
            help=(
                "Where clips carry China's hidden label (AIGC), beyond calls and grants that name "
                "CN; {} means all."
            ),
            example=[{"channels": [], "territories": ["SG"]}],
            check=aigc_policy.check_policy,
            canonical=disclosure.canonical_policy,
        )
    )
    organisation_policy.register_policy_entry(
        organisation_policy.PolicyEntry(
            name="aigc_producer",
            help=(
                "The producer's code in that label; without it the organisation's id stands there."
            ),
            example="001191110102MAD55U9H0F",
            check=aigc_policy.check_producer,
        )
    )
