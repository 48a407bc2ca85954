"""The principal of a call: on whose behalf it acts, on which data, and under which name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """On whose behalf a call acts.

    `organisation_id` owns the data, `livemode` tells live from test data, and `actor` is how the
    log names who acts, such as `key:key_01…`.
    """

    organisation_id: str
    livemode: bool
    actor: str
