"""Transactions by meaning: a function declares whether it opens one or needs one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connections, transaction

P = ParamSpec("P")
R = TypeVar("R")


def requires_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function that is part of its caller's transaction.

    Outside of one it refuses to run.
    """

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        if not transaction.get_connection().in_atomic_block:
            raise RuntimeError(f"{function.__qualname__} must run inside a transaction")
        return function(*args, **kwargs)

    return inside


def opens_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function that is one transaction of its own, or a savepoint inside its caller's."""
    return transaction.atomic(function)


def release_connections() -> None:
    """Give this thread's connections back before it waits, but for one with an open transaction.

    Others need one of the pool meanwhile. The next query takes one again.
    """
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:
            each.close_if_unusable_or_obsolete()
