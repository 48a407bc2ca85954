"""Accounts at providers: so many calls at a time, and a rest for those that are unavailable."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial

import pytest

from core.errors import Invalid, SaysoError
from core.places import ServerBusy
from tests.support.concurrency import at_once
from upstream.account_limits import (
    FAILURES,
    REST_SECONDS,
    WAITING,
    AccountLimits,
)
from upstream.upstream_errors import (
    ExchangeEnded,
    ProviderAccountRefused,
    ProviderAddressRefused,
    ProviderRefused,
    ProviderUnavailable,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def wait_for(done: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.005)


class TestPlaces:
    def test_are_no_more_than_there_are_and_come_back(self) -> None:
        limits = AccountLimits(lambda: 2)
        with ExitStack() as held:
            for _ in range(2):
                held.enter_context(limits.hold_account("a"))
            began = time.monotonic()
            with pytest.raises(ServerBusy) as refused, limits.hold_account("a", wait_seconds=0.1):
                pass
            assert 0.09 < time.monotonic() - began < 1
            assert refused.value.retry_after
        assert limits.in_use == 0

    def test_of_one_account_are_not_anothers(self) -> None:
        limits = AccountLimits(lambda: 1)
        with limits.hold_account("a"), limits.hold_account("b", wait_seconds=0):
            assert limits.in_use == 2

    def test_come_back_after_any_error(self) -> None:
        limits = AccountLimits(lambda: 1)
        for error in (ValueError(), ProviderRefused(""), KeyboardInterrupt()):
            with suppress(BaseException), limits.hold_account("a"):
                raise error
        assert limits.in_use == 0

    def test_go_in_the_order_of_waiting(self) -> None:
        limits, order = AccountLimits(lambda: 1), list[int]()

        def wait(number: int) -> None:
            with limits.hold_account("a"):
                order.append(number)

        threads = [threading.Thread(target=wait, args=(number,)) for number in range(4)]
        with limits.hold_account("a"):
            for number, thread in enumerate(threads):
                thread.start()
                wait_for(partial(is_waiting, limits, number + 1))
        for thread in threads:
            thread.join()
        assert order == [0, 1, 2, 3]
        assert limits.in_use == 0

    def test_are_waited_for_by_a_bounded_number(self) -> None:
        limits = AccountLimits(lambda: 1)

        def wait(_: int) -> bool:
            try:
                with limits.hold_account("a", wait_seconds=0.3):
                    return True
            except ServerBusy:
                return False

        with limits.hold_account("a"):
            began = time.monotonic()
            threads = [threading.Thread(target=wait, args=(n,)) for n in range(WAITING)]
            for thread in threads:
                thread.start()
            wait_for(lambda: count_waiting(limits) == WAITING)
            assert not wait(0)
            assert time.monotonic() - began < 0.3
            for thread in threads:
                thread.join()
        assert limits.in_use == 0

    def test_are_never_lost_nor_doubled_under_load(self) -> None:
        limits, most, now = AccountLimits(lambda: 3), [0], [0]
        lock = threading.Lock()

        def work(number: int) -> None:
            for turn in range(60):
                with suppress(ServerBusy), limits.hold_account("a", wait_seconds=turn % 3 / 500):
                    with lock:
                        now[0] += 1
                        most[0] = max(most[0], now[0])
                    time.sleep(0.0005)
                    with lock:
                        now[0] -= 1

        at_once(10, work)
        assert most[0] == 3
        assert limits.in_use == 0
        with ExitStack() as held:
            for _ in range(3):
                held.enter_context(limits.hold_account("a", wait_seconds=0))


class TestPlacesOfALoop:
    def test_are_waited_for_without_a_thread(self) -> None:
        limits, order = AccountLimits(lambda: 1), list[int]()

        async def hold(number: int) -> None:
            async with limits.hold_account_async("a"):
                await asyncio.sleep(0.01)
                order.append(number)

        async def run() -> None:
            before = threading.active_count()
            await asyncio.gather(*(hold(number) for number in range(4)))
            assert threading.active_count() == before

        asyncio.run(run())
        assert order == [0, 1, 2, 3]
        assert limits.in_use == 0

    def test_are_given_up_in_time_and_with_the_task(self) -> None:
        limits = AccountLimits(lambda: 1)

        async def hold(seconds: float) -> None:
            async with limits.hold_account_async("a", wait_seconds=seconds):
                pass

        async def run() -> None:
            async with limits.hold_account_async("a"):
                with pytest.raises(ServerBusy):
                    await hold(0.05)
                waiting = asyncio.create_task(hold(5))
                await asyncio.sleep(0.05)
                assert count_waiting(limits) == 1
                waiting.cancel()
                await asyncio.wait([waiting])
                assert count_waiting(limits) == 0
            await hold(0)

        asyncio.run(run())
        assert limits.in_use == 0

    def test_that_come_in_the_moment_of_giving_up_are_passed_on(self) -> None:
        limits = AccountLimits(lambda: 1)

        async def hold() -> None:
            async with limits.hold_account_async("a", wait_seconds=5):
                pass

        async def run() -> None:
            async with limits.hold_account_async("a"):
                waiting = asyncio.create_task(hold())
                await asyncio.sleep(0.05)
            waiting.cancel()  # its place is there, and it does not know yet
            await asyncio.wait([waiting])
            assert waiting.cancelled()

        asyncio.run(run())
        assert limits.in_use == 0


class TestTheBreaker:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def limits(self, clock: Clock) -> AccountLimits:
        return AccountLimits(lambda: 4, read_time=clock)

    def fail(
        self, limits: AccountLimits, times: int = FAILURES, error: Exception | None = None
    ) -> None:
        for _ in range(times):
            with suppress(ProviderUnavailable), limits.hold_account("a"):
                raise error or ProviderUnavailable("away")

    def is_asked(self, limits: AccountLimits, key: str = "a") -> bool:
        try:
            with limits.hold_account(key):
                return True
        except ProviderUnavailable as refused:
            assert refused.retry_after
            return False

    def test_opens_after_failures_in_a_row_alone(self, limits: AccountLimits) -> None:
        self.fail(limits, FAILURES - 1)
        assert self.is_asked(limits)
        self.fail(limits, FAILURES - 1)
        assert self.is_asked(limits)
        self.fail(limits, FAILURES)
        assert not self.is_asked(limits)
        assert self.is_asked(limits, "b")

    def test_says_how_long_it_rests(self, limits: AccountLimits, clock: Clock) -> None:
        self.fail(limits)
        clock.now += 5.5
        with pytest.raises(ProviderUnavailable) as refused, limits.hold_account("a"):
            pass
        assert refused.value.retry_after == 10

    def test_rests_as_long_as_the_provider_asked(self, limits: AccountLimits, clock: Clock) -> None:
        self.fail(limits, error=ProviderUnavailable("busy", retry_after=60))
        clock.now += 59
        assert not self.is_asked(limits)
        clock.now += 2
        assert self.is_asked(limits)

    def test_lets_one_call_try_and_then_all(self, limits: AccountLimits, clock: Clock) -> None:
        self.fail(limits)
        clock.now += REST_SECONDS
        with limits.hold_account("a"):
            assert not self.is_asked(limits)
        assert self.is_asked(limits)
        with limits.hold_account("a"):
            assert self.is_asked(limits)

    def test_rests_again_after_one_more_failure(self, limits: AccountLimits, clock: Clock) -> None:
        self.fail(limits)
        clock.now += REST_SECONDS
        self.fail(limits, 1)
        clock.now += REST_SECONDS - 1
        assert not self.is_asked(limits)

    def test_refuses_those_who_wait_at_once(self) -> None:
        limits, told = AccountLimits(lambda: 1), list[int | None]()

        def wait() -> None:
            try:
                with limits.hold_account("a", wait_seconds=5):
                    pass
            except ProviderUnavailable as refused:
                told.append(refused.retry_after)

        self.fail(limits, FAILURES - 1)
        thread = threading.Thread(target=wait)
        began = time.monotonic()
        with suppress(ProviderUnavailable), limits.hold_account("a"):
            thread.start()
            wait_for(lambda: count_waiting(limits) == 1)
            raise ProviderUnavailable("away")
        thread.join()
        assert told == [int(REST_SECONDS)]
        assert time.monotonic() - began < 2
        assert limits.in_use == 0

    @pytest.mark.parametrize("error", [ProviderRefused, ProviderAccountRefused])
    def test_counts_a_refusal_as_an_answer(
        self, limits: AccountLimits, error: type[SaysoError]
    ) -> None:
        self.fail(limits, FAILURES - 1)
        with suppress(SaysoError), limits.hold_account("a"):
            raise error("no")
        self.fail(limits, FAILURES - 1)
        assert self.is_asked(limits)

    @pytest.mark.parametrize("error", [ExchangeEnded, ProviderAddressRefused, Invalid])
    def test_counts_what_we_ended_ourselves_neither_way(
        self, limits: AccountLimits, error: type[SaysoError]
    ) -> None:
        for _ in range(FAILURES + 1):
            with suppress(SaysoError), limits.hold_account("a"):
                raise error("no")
        assert self.is_asked(limits)

        self.fail(limits, FAILURES - 1)
        with suppress(SaysoError), limits.hold_account("a"):
            raise error("no")
        self.fail(limits, 1)
        assert not self.is_asked(limits)


class TestAForgottenTable:
    def test_keeps_no_account_that_does_nothing(self) -> None:
        limits = AccountLimits(lambda: 1)
        for number in range(100):
            with limits.hold_account(str(number)):
                pass
        assert limits._accounts == {}

    def test_bears_those_who_leave_afterwards(self) -> None:
        limits = AccountLimits(lambda: 1)
        with limits.hold_account("a"):
            limits.forget_all()
        assert limits.in_use == 0


def is_waiting(limits: AccountLimits, count: int) -> bool:
    """Whether so many wait for places of the account `a`."""
    return count_waiting(limits) == count


def count_waiting(limits: AccountLimits) -> int:
    """How many wait for places of the account `a`."""
    account = limits._accounts.get("a")
    return len(account.waiting) if account else 0
