"""The vault's background work: epochs end on time, and no sooner."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import NOON
from tests.vault.conftest import MakeSubject
from vault import key_rotation, tasks
from vault.models import Kek, Subject

DAY = timedelta(days=1)


def states() -> list[str]:
    return list(Kek.objects.order_by("epoch").values_list("state", flat=True))


def run_at(monkeypatch: pytest.MonkeyPatch, days: float) -> list[str]:
    monkeypatch.setattr("core.clock.now", lambda: NOON + days * DAY)
    tasks.rotate_kek_when_due()
    return states()


class TestRotate:
    @pytest.mark.parametrize(
        ("days", "expected"), [(27.9, ["current"]), (28, ["retiring", "current"])]
    )
    def test_begins_an_epoch_when_the_old_one_is_four_weeks_old(
        self,
        make_subject: MakeSubject,
        monkeypatch: pytest.MonkeyPatch,
        days: float,
        expected: list[str],
    ) -> None:
        make_subject()
        assert run_at(monkeypatch, days) == expected

    @pytest.mark.parametrize(("days", "expected"), [(34.9, "retiring"), (35, "destroyed")])
    def test_destroys_the_old_key_after_35_days_and_begins_no_third(
        self, make_subject: MakeSubject, monkeypatch: pytest.MonkeyPatch, days: float, expected: str
    ) -> None:
        make_subject()
        run_at(monkeypatch, 28)
        assert run_at(monkeypatch, days) == [expected, "current"]

    def test_moves_whom_a_killed_rotation_left(
        self, make_subject: MakeSubject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_subject()
        left = key_rotation._start_version(at=NOON)
        run_at(monkeypatch, 1)
        assert Subject.objects.get().kek_id == left.epoch

    def test_does_nothing_in_an_empty_house(
        self, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert run_at(monkeypatch, 100) == []
