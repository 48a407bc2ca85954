"""The state of the consent behind a clip: a hook that the room of consents fills."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from core.hooks import Hook

AskConsent = Callable[[str], str | None]
"""Takes a consent's id and returns None for a consent that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDirectory:
    """The answers of the room of consents: a consent's state now, and its level.

    `ended_for_good` are the states in which what was made under a consent may not be used any more.
    """

    get_state: AskConsent
    get_level: AskConsent
    list_levels: Callable[[Iterable[str]], Mapping[str, str]]
    ended_for_good: Collection[str]


consent_directory: Final = Hook[ConsentDirectory]("provenance.consent_status.consent_directory")


def get_consent_level(consent_id: str) -> str | None:
    """Return the level at which a consent was signed, such as `L1`, or None."""
    return consent_directory.get().get_level(consent_id)


def list_consent_levels(consent_ids: Iterable[str]) -> Mapping[str, str]:
    """Return the levels at which these consents were signed, by their ids."""
    return consent_directory.get().list_levels(consent_ids)


def get_consent_state(consent_id: str) -> str:
    """Return the state of a consent, or `unknown` when there is no such consent."""
    return consent_directory.get().get_state(consent_id) or "unknown"


def has_ended_for_good(state: str) -> bool:
    """Return True if a consent in this state ended what was made under it."""
    return state in consent_directory.get().ended_for_good
