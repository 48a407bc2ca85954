"""The fence of a request: what must still hold when its transactions make something true.

A request that stood still may have lost what it held, and its client may have sent it again. The
repeat runs by then. So what the request would still make true is refused in the transaction that
would make it so. Who holds something for a request sets the fence, and the log asks it with each
entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Protocol

from core import transactions


class RequestFence(Protocol):
    """What a request holds, asked inside its transactions."""

    def demand(self) -> None:
        """Raise when the request has lost what it held. Else it keeps it until the commit."""

    def keep_answer(self, answer: Any) -> None:
        """Keep the answer of the request with what it makes true, all or none of it."""


_fence: Final[ContextVar[RequestFence | None]] = ContextVar("request_fence", default=None)


@contextmanager
def begin_request() -> Iterator[None]:
    """Begin a request without a fence. What was set in it ends with it."""
    token = _fence.set(None)
    try:
        yield
    finally:
        _fence.reset(token)


def set_fence(fence: RequestFence) -> None:
    """Have `fence` asked from now on in this request."""
    _fence.set(fence)


@transactions.requires_transaction
def check_fence() -> None:
    """Raise what the fence of this request raises, if it has one.

    It is asked no more once it has raised, so that the request can be undone and the undoing
    logged.
    """
    fence = _fence.get()
    if fence is None:
        return

    try:
        fence.demand()
    except BaseException:
        _fence.set(None)
        raise


@transactions.requires_transaction
def keep_answer(answer: Any) -> None:
    """Keep the answer of this request, if it has a fence, in the transaction that earns it.

    A process that dies between the two would otherwise leave a deed without an answer, and the
    repeat would do it again.
    """
    fence = _fence.get()
    if fence is not None:
        fence.keep_answer(answer)
        _fence.set(None)
