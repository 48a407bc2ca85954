"""Reasons of changes: the codes, the acts that each applies to, and who wanted what it ends.

A reason is a code of this table or free words. Words count as `other`. They may name people, so
they are sealed under the person's key, and the log has the code alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from consent.policy import code_spelling
from consent.policy.state_machine import Move
from core import shown_text

OTHER: Final = "other"
REQUESTED_BY_PERSON: Final = "requested_by_person"
ORDERED_BY_AUTHORITY: Final = "ordered_by_authority"
NOT_ME: Final = "not_me"


class Act(StrEnum):
    """An act that a reason may be given for."""

    REVOKE = "revoke"
    SUSPEND = "suspend"
    RESUME = "resume"
    ERASE = "erase"
    DECLINE = "decline"


class Party(StrEnum):
    """Who wanted a consent to end. It need not be who made the call."""

    PERSON = "person"
    ORGANISATION = "organisation"
    AUTHORITY = "authority"


ENDING_MOVE: Final[Mapping[Party, Move]] = MappingProxyType(
    {
        Party.PERSON: Move.WITHDRAW,
        Party.ORGANISATION: Move.TERMINATE,
        Party.AUTHORITY: Move.INVALIDATE,
    }
)
"""The move that ends a consent, by who wanted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCode:
    """One code: its meaning, the acts that it applies to, and who wanted the act."""

    name: str
    meaning: str
    acts: frozenset[Act]
    party: Party = Party.ORGANISATION


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenReason:
    """A reason as read: a code ("" without one), words beside it, and who wanted the act."""

    code: str
    words: str = field(default="", repr=False)
    party: Party = Party.ORGANISATION


_CODES: Final = (
    ReasonCode(
        name=REQUESTED_BY_PERSON,
        meaning="The person asked for it, by telling the organisation.",
        acts=frozenset({Act.REVOKE, Act.SUSPEND, Act.RESUME, Act.ERASE}),
        party=Party.PERSON,
    ),
    ReasonCode(
        name=ORDERED_BY_AUTHORITY,
        meaning="A court or an authority ordered it, or found the consent invalid.",
        acts=frozenset({Act.REVOKE, Act.SUSPEND, Act.RESUME, Act.ERASE}),
        party=Party.AUTHORITY,
    ),
    ReasonCode(
        name="contract_ended",
        meaning="The contract between the person and the organisation has ended.",
        acts=frozenset({Act.REVOKE}),
    ),
    ReasonCode(
        name="misuse",
        meaning="The voice was used against what was agreed.",
        acts=frozenset({Act.REVOKE, Act.SUSPEND}),
    ),
    ReasonCode(
        name="dispute",
        meaning="The organisation and the person disagree about the use.",
        acts=frozenset({Act.REVOKE, Act.SUSPEND}),
    ),
    ReasonCode(
        name="strike",
        meaning="The person's union is on strike.",
        acts=frozenset({Act.REVOKE, Act.SUSPEND}),
    ),
    ReasonCode(
        name="lost_contact",
        meaning="The person can no longer be reached.",
        acts=frozenset({Act.REVOKE, Act.SUSPEND}),
    ),
    ReasonCode(
        name="settled",
        meaning="What the consent was suspended for has been settled.",
        acts=frozenset({Act.RESUME}),
    ),
    ReasonCode(
        name="requested",
        meaning="The person asked to be erased.",
        acts=frozenset({Act.ERASE}),
        party=Party.PERSON,
    ),
    ReasonCode(
        name="withdrawn",
        meaning="The person withdrew the consent, and nothing else allows to keep the data.",
        acts=frozenset({Act.ERASE}),
        party=Party.PERSON,
    ),
    ReasonCode(
        name="expired",
        meaning="The data are no longer needed for what they were collected for.",
        acts=frozenset({Act.ERASE}),
    ),
    ReasonCode(
        name="unlawful",
        meaning="The data should never have been kept.",
        acts=frozenset({Act.ERASE}),
    ),
    ReasonCode(
        name="obligation",
        meaning="A law obliges the organisation to erase.",
        acts=frozenset({Act.ERASE}),
    ),
    ReasonCode(
        name="child",
        meaning="The person was a child when the data were collected.",
        acts=frozenset({Act.ERASE}),
    ),
    ReasonCode(
        name="restored",
        meaning=(
            "A backup was restored: what was erased or withdrawn since then must be so once more."
        ),
        acts=frozenset({Act.SUSPEND, Act.ERASE}),
    ),
    ReasonCode(
        name=NOT_ME,
        meaning="The person who opened the link says that the request is meant for another person.",
        acts=frozenset({Act.DECLINE}),
        party=Party.PERSON,
    ),
    ReasonCode(
        name=OTHER,
        meaning="Another reason. Words that are no code count as this one.",
        acts=frozenset(Act),
    ),
)

CODES: Final[Mapping[str, ReasonCode]] = MappingProxyType({code.name: code for code in _CODES})


def parse_reason(text: str, act: Act, *, words: str = "") -> GivenReason:
    """Return the reason for an act: a code that applies to it, or words.

    `words` are further words beside a code. A code is read in every spelling, like all closed
    lists. Read as words it would say that the organisation wanted what the person asked for. A text
    without a visible character is no reason.
    """
    given = text.strip()
    code = CODES.get(code_spelling.normalise_code(given))
    if code is not None and act in code.acts:
        return GivenReason(code=code.name, words=shown_text.tame_text(words), party=code.party)

    said = "\n".join(filter(None, map(shown_text.tame_text, (given, words))))

    return GivenReason(code=OTHER if said else "", words=said)


def list_reason_codes(act: Act) -> tuple[ReasonCode, ...]:
    """Return the codes that apply to an act."""
    return tuple(code for code in _CODES if act in code.acts)
