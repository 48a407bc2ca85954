"""One consistent, read-only view of the database for as long as a long reader needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def begin_consistent_read() -> Iterator[None]:
    """Read one state of the database throughout the block, without blocking writers.

    PostgreSQL uses REPEATABLE READ, READ ONLY. SQLite uses a deferred transaction, whose first read
    fixes the state in WAL mode. The IMMEDIATE transactions used elsewhere would lock out all
    writers meanwhile.

    Raises RuntimeError inside a transaction, whose isolation can no longer be changed.
    """
    if connection.in_atomic_block:
        raise RuntimeError("a consistent read is a transaction of its own")
    with _begin_deferred(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@contextmanager
def _begin_deferred() -> Iterator[None]:
    """Make SQLite begin transactions as DEFERRED on this connection.

    The attribute `transaction_mode` is Django's, since 5.1.
    """
    before = getattr(connection, "transaction_mode", None)
    if before is None:
        yield
        return
    setattr(connection, "transaction_mode", "DEFERRED")  # noqa: B010 - unknown to the stubs
    try:
        yield
    finally:
        setattr(connection, "transaction_mode", before)  # noqa: B010 - as above
