"""When a clip carries China's hidden label (the `AIGC` block, GB 45438-2025), and in whose name.

It does when the call, its key or the grant behind it names China, or when the organisation's policy
wants it for the channel and territory of the call or of its key. No caller can ask for less. A call
that names no territory follows the policy alone: it is for everywhere, and an organisation that
offers its clips in China from there says so in its policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from consent.policy import territories
from provenance.clips.aigc_producer import PRODUCER
from voices.speech.disclosure import Reach, check_places, concerns_reach

CHINA: Final = "CN"


def resolve_producer(
    policy: Mapping[str, Any], *, organisation_id: str, granted: Iterable[object], reach: Reach
) -> str:
    """Return the producer that the label names, or an empty string when there is no label.

    The producer is the policy's code, else the organisation's id.
    """
    named = any(_is_china(place) for place in (*reach.territories, *granted))
    if not named and not _policy_wants_label(policy.get("aigc_label"), reach):
        return ""
    code = policy.get("aigc_producer")
    return code if isinstance(code, str) and PRODUCER.match(code) else organisation_id


def check_aigc_policy(value: Any) -> None:
    """Raise ValueError unless this is a list of `{"channels": [...], "territories": [...]}`.

    An empty list in an entry means all.
    """
    check_places(value, also=frozenset())


def check_producer(value: Any) -> None:
    """Raise ValueError unless this is a code that fits into the label and into a header."""
    if not isinstance(value, str) or not PRODUCER.match(value):
        raise ValueError("must be a code of 1 to 64 letters, digits, dots, dashes and underscores")


def _policy_wants_label(entries: object, reach: Reach) -> bool:
    """Check whether an entry wants the label. An entry that cannot be read counts as wanting it."""
    if not isinstance(entries, list):
        return bool(entries)
    return any(not isinstance(entry, dict) or concerns_reach(entry, reach) for entry in entries)


def _is_china(territory: object) -> bool:
    """Check whether a territory is China or a part of it. One that cannot be read might be."""
    if not isinstance(territory, str):
        return False
    try:
        return territories.parse_territory(territory).partition("-")[0] == CHINA
    except territories.UnknownTerritory:
        return True
