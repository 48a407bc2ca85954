"""States: the table of moves, and what no move may do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.policy.state_machine import BINDING, DPV_STATUS, ENDED, MOVES, ConsentState, Move

moves = st.lists(st.sampled_from(list(Move)), max_size=30)


def walk(steps: list[Move]) -> list[ConsentState]:
    """The states that a consent goes through when these moves are tried one after the other."""
    path = [ConsentState.DRAFT]
    for step in steps:
        if path[-1] in MOVES[step].sources:
            path.append(MOVES[step].target)
    return path


class TestMoves:
    @given(moves)
    def test_never_lead_from_an_end_back_to_life(self, steps: list[Move]) -> None:
        path = walk(steps)
        ends = [place for place, state in enumerate(path) if state in ENDED]
        assert not ends or not set(path[ends[0] :]) & BINDING

    @given(moves)
    def test_make_nothing_active_that_was_not_captured(self, steps: list[Move]) -> None:
        path = walk(steps)
        assert (
            ConsentState.ACTIVE not in path
            or ConsentState.CAPTURED in path[: path.index(ConsentState.ACTIVE)]
        )

    @given(moves)
    def test_keep_what_is_erased_erased(self, steps: list[Move]) -> None:
        path = walk(steps)
        assert ConsentState.ERASED not in path or path[-1] is ConsentState.ERASED

    @pytest.mark.parametrize(
        "step", [step for step, rule in MOVES.items() if ConsentState.ACTIVE in rule.sources]
    )
    def test_away_from_active_end_the_permits(self, step: Move) -> None:
        assert MOVES[step].ends_permits

    @pytest.mark.parametrize(
        ("step", "source", "target"),
        [
            (Move.WITHDRAW, "active", "withdrawn"),
            (Move.WITHDRAW, "suspended", "withdrawn"),
            (Move.EXPIRE, "suspended", "expired"),
            (Move.INVALIDATE, "active", "invalidated"),
            (Move.TERMINATE, "active", "terminated"),
            (Move.SUPERSEDE, "active", "superseded"),
            (Move.DECLINE, "requested", "declined"),
            (Move.LAPSE, "requested", "lapsed"),
            (Move.REJECT, "captured", "rejected"),
            (Move.RESUME, "suspended", "active"),
            (Move.BEGIN_ERASURE, "withdrawn", "erasing"),
            (Move.FINISH_ERASURE, "erasing", "erased"),
        ],
    )
    def test_lead_where_the_standard_says(self, step: Move, source: str, target: str) -> None:
        assert ConsentState(source) in MOVES[step].sources
        assert MOVES[step].target == target

    def test_give_every_state_a_status_of_the_vocabulary(self) -> None:
        assert set(DPV_STATUS) == set(ConsentState)
