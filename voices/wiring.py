"""What lower rooms learn from up here: voices, a clip's consent, that an ended one wakes the sweep, policy entries."""

from __future__ import annotations

from accounts import policy
from consent.models import Consent
from consent.voice_lookup import KnownVoice
from voices import disclosure, labels, tasks
from voices.models import Voice, VoiceState


def consent_state(consent_id: str) -> str | None:
    """The state of a consent, for the verify page; None when there is no such consent."""
    return Consent.objects.filter(id=consent_id).values_list("state", flat=True).first()


def known_voice(organisation_id: str, livemode: bool, voice_id: str) -> KnownVoice | None:  # noqa: FBT001 - a callback
    """What the gate must know of an organisation's voice; None for a stranger's."""
    rows = Voice.objects.filter(id=voice_id, organisation_id=organisation_id, livemode=livemode)
    found = rows.values_list("consent_id", "state").first()
    return None if found is None else KnownVoice(consent_id=found[0], ready=found[1] == VoiceState.READY)


def on_consent_ended(**_signal: object) -> None:
    """Wake the sweep; the rows say what there is to do."""
    tasks.sweep.delay()


def register_policy() -> None:
    """Make the policy entries that speech asks for known."""
    policy.register(
        policy.Entry(
            name="mark_failed",
            help="Whether a clip that cannot be marked is refused or delivered all the same, and logged.",
            example="refuse",
            check=policy.one_of("refuse", "deliver"),
        )
    )
    policy.register(
        policy.Entry(
            name="c2pa_failed",
            help="Whether a clip whose C2PA manifest cannot be made is refused or delivered without, and logged.",
            example="refuse",
            check=policy.one_of("refuse", "deliver"),
        )
    )
    policy.register(
        policy.Entry(
            name="disclosure",
            help="What a call must say of the voice's being synthetic, by channel and territory.",
            example=[{"channels": ["telephone"], "territories": ["CN"], "mode": "spoken"}],
            check=disclosure.check_policy,
            canonical=disclosure.canonical_policy,
        )
    )
    policy.register(
        policy.Entry(
            name="aigc_label",
            help="Where clips carry China's hidden label (AIGC), beyond calls and grants that name CN; {} means all.",
            example=[{"channels": [], "territories": ["SG"]}],
            check=labels.check_policy,
            canonical=disclosure.canonical_policy,
        )
    )
    policy.register(
        policy.Entry(
            name="aigc_producer",
            help="The producer's code in that label; without it the organisation's id stands there.",
            example="001191110102MAD55U9H0F",
            check=labels.check_producer,
        )
    )
