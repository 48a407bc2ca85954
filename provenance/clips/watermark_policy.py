"""The entry of an organisation's policy that names the schemes which mark its clips.

The schemes stand here by name, so that a command that marks nothing loads no signal processing.
"""

from __future__ import annotations

from typing import Final

from accounts import organisation_policy
from core.canonical_json import Json

POLICY: Final = "watermark_schemes"
OUR_SCHEME: Final = "sayso-speech/1"
SECOND_SCHEME: Final = "audiowmark"


def check_watermark_policy(value: Json) -> None:
    """Raise ValueError unless `value` is a list of schemes with our own among them."""
    known = (OUR_SCHEME, SECOND_SCHEME)
    if (
        not isinstance(value, list)
        or not all(name in known for name in value)
        or len(set(map(str, value))) < len(value)
    ):
        raise ValueError(f"must be a list of {' and '.join(known)}, each at most once")
    if OUR_SCHEME not in value:
        raise ValueError(f"must name {OUR_SCHEME}: no clip leaves without it")


def register_watermark_policy() -> None:
    """Make the policy's entry known."""
    organisation_policy.policy_entries.add(
        organisation_policy.PolicyEntry(
            name=POLICY,
            help=(
                "Which schemes mark clips: our own always, audiowmark beside it in clips of 15 "
                "seconds and more."
            ),
            example=[OUR_SCHEME, SECOND_SCHEME],
            check=check_watermark_policy,
        )
    )
