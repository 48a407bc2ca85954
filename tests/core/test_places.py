"""Places and bytes: bounded in all, organisations before strangers, given back whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from core.places import WAITING, ByteBudget, PlacePool, ServerBusy


def wait_for(done: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.005)


class TestPlaces:
    def test_are_no_more_than_there_are(self) -> None:
        pool = PlacePool(lambda: 4)
        with ExitStack() as held:
            for number in range(4):
                held.enter_context(pool.hold_place(f"org{number}", has_key=True, wait_seconds=0))
            with (
                pytest.raises(ServerBusy) as refused,
                pool.hold_place("org9", has_key=True, wait_seconds=0.05),
            ):
                pass
            assert refused.value.retry_after
        assert pool.in_use == 0

    def test_are_half_for_strangers(self) -> None:
        pool = PlacePool(lambda: 4)
        with ExitStack() as held:
            for _ in range(2):
                held.enter_context(pool.hold_place("a", has_key=False, wait_seconds=0))
            with pytest.raises(ServerBusy):
                held.enter_context(pool.hold_place("b", has_key=False, wait_seconds=0))
            held.enter_context(pool.hold_place("org", has_key=True, wait_seconds=0))

    def test_are_three_quarters_for_one_customer(self) -> None:
        pool = PlacePool(lambda: 4)
        with ExitStack() as held:
            for _ in range(3):
                held.enter_context(pool.hold_place("org", has_key=True, wait_seconds=0))
            with pytest.raises(ServerBusy):
                held.enter_context(pool.hold_place("org", has_key=True, wait_seconds=0))
            held.enter_context(pool.hold_place("another", has_key=True, wait_seconds=0))

    def test_go_to_the_customer_who_waits_before_the_stranger_who_came_first(self) -> None:
        pool, order = PlacePool(lambda: 2), list[str]()

        def ask(name: str, *, has_key: bool) -> None:
            with pool.hold_place(name, has_key=has_key, wait_seconds=5):
                order.append(name)

        with ExitStack() as held:
            for name in ("org1", "org2"):
                held.enter_context(pool.hold_place(name, has_key=True, wait_seconds=0))
            threads = []
            for number, name in enumerate(("stranger", "org3")):
                thread = threading.Thread(target=ask, args=(name,), kwargs={"has_key": number > 0})
                thread.start()
                threads.append(thread)
                wait_for(lambda many=number + 1: pool._waiting.total() == many)  # type: ignore[misc]  # the stubs

        for thread in threads:
            thread.join(5)
        assert order == ["org3", "stranger"]

    def test_have_a_queue_that_ends(self) -> None:
        pool = PlacePool(lambda: 2)
        left = threading.Event()

        def wait() -> None:
            try:
                with pool.hold_place("b", has_key=False, wait_seconds=5):
                    left.wait(5)
            except ServerBusy:
                pass

        with pool.hold_place("a", has_key=False, wait_seconds=0):
            threads = [threading.Thread(target=wait) for _ in range(2 * WAITING)]
            for thread in threads:
                thread.start()
            wait_for(lambda: pool._waiting.total() == 2 * WAITING)
            began = time.monotonic()
            with (
                pytest.raises(ServerBusy),
                pool.hold_place("c", has_key=False, wait_seconds=60),
            ):
                pass
            assert time.monotonic() - began < 1
            left.set()

        for thread in threads:
            thread.join(5)
        assert pool.in_use == 0

    def test_come_back_when_the_work_fails(self) -> None:
        pool = PlacePool(lambda: 2)
        with (
            pytest.raises(ZeroDivisionError),
            pool.hold_place("a", has_key=False, wait_seconds=0),
        ):
            raise ZeroDivisionError
        assert pool.in_use == 0


class TestBytes:
    def test_are_no_more_than_there_are(self) -> None:
        budget = ByteBudget(lambda: 100)
        budget.reserve("org1", 70, has_key=True)
        with pytest.raises(ServerBusy):
            budget.reserve("org2", 31, has_key=True)
        budget.reserve("org2", 30, has_key=True)
        budget.release("org1", 70, has_key=True)
        budget.release("org2", 30, has_key=True)
        assert budget.in_use == 0

    def test_are_half_for_strangers_and_a_quarter_for_one_address(self) -> None:
        budget = ByteBudget(lambda: 100)
        budget.reserve("a", 25, has_key=False)
        for address, size in (("a", 1), ("b", 26)):
            with pytest.raises(ServerBusy):
                budget.reserve(address, size, has_key=False)
        budget.reserve("b", 25, has_key=False)
        with pytest.raises(ServerBusy):
            budget.reserve("c", 1, has_key=False)
        budget.reserve("org", 50, has_key=True)

    def test_of_strangers_and_one_customer_leave_a_quarter_to_the_next_customer(self) -> None:
        budget = ByteBudget(lambda: 100)
        budget.reserve("org1", 60, has_key=True)
        budget.reserve("a", 15, has_key=False)
        with pytest.raises(ServerBusy):
            budget.reserve("b", 1, has_key=False)
        budget.reserve("org2", 25, has_key=True)

    def test_of_one_request_may_exceed_a_limit_that_is_set_too_low(self) -> None:
        budget = ByteBudget(lambda: 100)
        budget.reserve("a", 101, has_key=False)
        assert budget.in_use == 101
