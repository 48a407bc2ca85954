"""What a run of the canary finds: its checks, their codes, and the run's outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from core.canonical_json import Json
from voices.canary.canary_voices import Which
from voices.models import CanaryState
from voices.providers.preset_voices import ReviewedPreset

Result = Literal["passed", "failed", "doubtful", "skipped"]
Pause = Callable[[float], None]

CODES: Final[Mapping[str, str]] = {
    "canary_refused": "It refuses to make or to speak with a voice.",
    "canary_not_heard": "What it speaks holds too little speech.",
    "canary_voices_alike": "It speaks with one voice where two were asked for.",
    "canary_wrong_voice": "It speaks with another voice than the one asked for.",
    "canary_wrong_language": "It speaks another language than the one asked for.",
    "canary_unknown_voice": "It speaks with some other voice where it does not know one.",
    "canary_not_deleted": "It keeps a voice that it was told to delete.",
    "provider_account_refused": "It does not accept the account's key, rights or credit.",
}
"""Why a run fails, and with it the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryFinding:
    """One check, its result, and figures about it."""

    check: str
    result: Result
    facts: Mapping[str, Json] = field(default_factory=dict)

    def to_row(self) -> dict[str, Json]:
        """Return the finding as it is stored, shown and logged."""
        return {"check": self.check, "result": self.result, **self.facts}


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryVoice:
    """A voice of the canary that is at a provider, or may be. `remote_id` of None is not known."""

    which: Which
    reference: str
    remote_id: str | None

    def to_row(self) -> dict[str, Json]:
        """Return the voice as the run's row keeps it."""
        return {"which": self.which, "reference": self.reference, "remote_id": self.remote_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryPlan:
    """What a run does. `run_id` stands where a provider wants the reference of a consent.

    A run that is not full lists the voices and speaks one sentence. `keeps_second` leaves the
    second voice there for these. `presets` are two preset voices of an engine that clones none, and
    `unknown_preset` a name that it has not. `left` are voices of earlier runs, and `goes_on` says
    that they were still being trained.
    """

    run_id: str
    is_full: bool
    keeps_second: bool = False
    presets: tuple[ReviewedPreset, ...] = ()
    unknown_preset: str = ""
    left: tuple[CanaryVoice, ...] = ()
    goes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryOutcome:
    """How a run ended. `left` are its voices that were not seen deleted."""

    state: CanaryState
    code: str = ""
    findings: tuple[CanaryFinding, ...] = ()
    thresholds: Mapping[str, int] = field(default_factory=dict)
    characters: int = 0
    left: tuple[CanaryVoice, ...] = ()
    listed: frozenset[str] | None = None
    """The ids of all voices that the provider listed, None where it lists none."""


class CanaryFailed(Exception):
    """A check found what closes the account. `code` is one of CODES."""

    def __init__(self, code: str, finding: CanaryFinding) -> None:
        super().__init__(code)
        self.code = code
        self.finding = finding


class CanaryUnfinished(Exception):
    """The run could not be finished, which says nothing about the account."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
