"""The entries of an organisation's policy that speech reads."""

from __future__ import annotations

from accounts import organisation_policy
from voices.speech import aigc_policy, disclosure


def register_speech_policy() -> None:
    """Register the policy entries that speech reads."""
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name="mark_failed",
            help=(
                "Whether a clip that cannot be marked is refused or delivered all the same, and "
                "logged. Without an entry, lines that are too short for a mark are delivered and "
                "others are refused."
            ),
            example="refuse",
            check=organisation_policy.make_choice_check("refuse", "deliver"),
        )
    )
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name="c2pa_failed",
            help=(
                "Whether a clip whose C2PA manifest cannot be made is refused or delivered "
                "without, and logged."
            ),
            example="refuse",
            check=organisation_policy.make_choice_check("refuse", "deliver"),
        )
    )
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name="disclosure",
            help="What a call must say of the voice's being synthetic, by channel and territory.",
            example=[{"channels": ["telephone"], "territories": ["CN"], "mode": "spoken"}],
            check=disclosure.check_disclosure_policy,
            canonical=disclosure.canonical_policy,
        )
    )
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name="aigc_label",
            help=(
                "Where clips carry China's hidden label (AIGC), beyond calls and grants that name "
                "CN. {} means all."
            ),
            example=[{"channels": [], "territories": ["SG"]}],
            check=aigc_policy.check_aigc_policy,
            canonical=disclosure.canonical_policy,
        )
    )
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name="aigc_producer",
            help=(
                "The producer's code in that label. Without it the organisation's id stands there."
            ),
            example="001191110102MAD55U9H0F",
            check=aigc_policy.check_producer,
        )
    )
