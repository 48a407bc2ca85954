"""How much one account at a provider is asked at a time, and when it is left alone for a while.

Both are counted by each process for itself. Several processes ask as many times as much.
"""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from core.places import ServerBusy
from upstream.upstream_errors import (
    ExchangeEnded,
    ProviderAccountRefused,
    ProviderAddressRefused,
    ProviderRefused,
    ProviderUnavailable,
)

FAILURES: Final = 5
"""How many calls in a row find the provider unavailable before it is left alone."""
REST_SECONDS: Final = 15.0
WAIT_SECONDS: Final = 10.0
WAITING: Final = 4
"""Calls that may wait for each place."""


@dataclass(slots=True)
class _Account:
    held: int = 0
    waiting: deque[Future[None]] = field(default_factory=deque)
    failures: int = 0
    rests_until: float = 0.0


class AccountLimits:
    """Places and a circuit breaker for each account. Safe for threads and event loops.

    After FAILURES calls in a row that found the provider unavailable, calls are refused at once for
    REST_SECONDS, or for as long as the provider asked for. Then one call is let through. If it goes
    well, all are.
    """

    def __init__(
        self, places: Callable[[], int], *, read_time: Callable[[], float] = time.monotonic
    ) -> None:
        """`places` returns how many calls one account may have under way."""
        self._places = places
        self._read_time = read_time
        self.forget_all()

    def forget_all(self) -> None:
        """Begin anew, as a child process does after a fork."""
        self._lock = threading.Lock()
        self._accounts: dict[str, _Account] = {}

    @property
    def in_use(self) -> int:
        """The number of places that are taken."""
        with self._lock:
            return sum(account.held for account in self._accounts.values())

    @contextmanager
    def hold_account(self, key: str, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold one of the account's places while the block runs, and learn from its errors.

        `key` names the account. The block is one call, or a stream from its request to its end.

        Raises ServerBusy, ProviderUnavailable.
        """
        if (place := self._enter(key)) is not None:
            with self._bound_wait(key, place):
                place.result(wait_seconds)
        with self._watch(key):
            yield

    @asynccontextmanager
    async def hold_account_async(
        self, key: str, *, wait_seconds: float = WAIT_SECONDS
    ) -> AsyncIterator[None]:
        """Hold a place as `hold_account` does, in an event loop. Waiting holds no thread."""
        if (place := self._enter(key)) is not None:
            with self._bound_wait(key, place):
                # `wait_for` of Python 3.11 loses a cancellation that comes with the place.
                async with asyncio.timeout(wait_seconds):
                    await asyncio.wrap_future(place)
        with self._watch(key):
            yield

    def _enter(self, key: str) -> Future[None] | None:
        """Take a place and return None, or return what is done when there is one."""
        with self._lock:
            account = self._accounts.setdefault(key, _Account())
            self._check_rest(account)

            if account.held < self._places():
                account.held += 1
                return None
            if len(account.waiting) >= WAITING * self._places():
                raise ServerBusy("Too many calls wait for this provider's account.", retry_after=5)

            account.waiting.append(Future())
            return account.waiting[-1]

    @contextmanager
    def _bound_wait(self, key: str, place: Future[None]) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self._give_up(key, place)
            raise ServerBusy(
                "All places of this provider's account are taken.", retry_after=2
            ) from None
        except BaseException:
            self._give_up(key, place)
            raise

    def _check_rest(self, account: _Account) -> None:
        if account.failures < FAILURES:
            return

        now = self._read_time()
        if now < account.rests_until:
            raise _say_rest(account.rests_until - now)
        # This call is the trial. The others wait for how it ends.
        account.rests_until = now + REST_SECONDS

    @contextmanager
    def _watch(self, key: str) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._leave(
                key,
                # Whoever refuses is there.
                went_well=isinstance(error, ProviderRefused | ProviderAccountRefused)
                and not isinstance(error, ProviderAddressRefused),
                failed=isinstance(error, ProviderUnavailable)
                and not isinstance(error, ExchangeEnded),
                rest=float(getattr(error, "retry_after", None) or 0),
            )
            raise
        else:
            self._leave(key, went_well=True)

    def _leave(
        self, key: str, *, went_well: bool = False, failed: bool = False, rest: float = 0.0
    ) -> None:
        with self._lock:
            if (account := self._accounts.get(key)) is None:
                return  # all was forgotten meanwhile

            if went_well:
                account.failures = 0
            if failed:
                self._count_failure(account, rest)
            self._pass_place(key, account)

    def _count_failure(self, account: _Account, rest: float) -> None:
        account.failures += 1
        if account.failures < FAILURES:
            return

        rest = max(rest, REST_SECONDS)
        account.rests_until = self._read_time() + rest
        while account.waiting:
            waiter = account.waiting.popleft()
            if waiter.set_running_or_notify_cancel():
                waiter.set_exception(_say_rest(rest))

    def _pass_place(self, key: str, account: _Account) -> None:
        while account.waiting:
            waiter = account.waiting.popleft()
            if waiter.set_running_or_notify_cancel():
                waiter.set_result(None)
                return

        account.held -= 1
        if not account.held and not account.failures:
            del self._accounts[key]

    def _give_up(self, key: str, place: Future[None]) -> None:
        with self._lock:
            if (account := self._accounts.get(key)) is None:
                return
            if place in account.waiting:
                account.waiting.remove(place)
            elif not place.cancelled() and place.exception() is None:
                # It came in the very moment in which the wait ended.
                self._pass_place(key, account)


def _say_rest(seconds: float) -> ProviderUnavailable:
    return ProviderUnavailable(
        "The provider was unavailable several times and is left alone for a moment.",
        retry_after=math.ceil(seconds),
    )


ACCOUNT_LIMITS: Final = AccountLimits(lambda: settings.SAYSO_PROVIDER_AT_ONCE)
"""Those of this process."""

os.register_at_fork(after_in_child=ACCOUNT_LIMITS.forget_all)
