"""Which keys of subjects are opened in a context: a record of their ids, or the keys of one
transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction

_record: ContextVar[set[str] | None] = ContextVar("opened", default=None)
_keys: ContextVar[dict[str, bytes] | None] = ContextVar("keys", default=None)


@contextmanager
def record_opened_subjects() -> Iterator[set[str]]:
    """Collect the ids of the subjects whose keys are opened inside the context.

    What is made there may hold their data.
    """
    found: set[str] = set()
    token = _record.set(found)
    try:
        yield found
    finally:
        _record.reset(token)


@contextmanager
def open_keys_once() -> Iterator[None]:
    """Open the key of each subject at most once inside the context.

    For one transaction that writes several things of one person, under a lock that their erasure
    waits for. No key outlives the context.

    Raises RuntimeError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("open_keys_once must run inside a transaction")

    token = _keys.set({})
    try:
        yield
    finally:
        _keys.reset(token)


@contextmanager
def hold_keys(keys: Mapping[str, bytes]) -> Iterator[None]:
    """Use `keys`, by subject, inside the context instead of reading each again.

    For one answer that shows the data of many people, which were read just now.
    """
    token = _keys.set({**(_keys.get() or {}), **keys})
    try:
        yield
    finally:
        _keys.reset(token)


def find_key(name: str) -> bytes | None:
    """Return the key that the context holds under this name, or None."""
    return (_keys.get() or {}).get(name)


def note_opening(subject: str) -> None:
    """Record that a subject's key is opened, if the context records that."""
    record = _record.get()
    if record is not None:
        record.add(subject)


def open_in_context(subject: str, open_key: Callable[[str], bytes]) -> bytes:
    """Return `open_key(subject)`, or the key that the context has opened before."""
    keys = _keys.get()
    if keys is None:
        return open_key(subject)

    if subject not in keys:
        keys[subject] = open_key(subject)
    note_opening(subject)
    return keys[subject]
