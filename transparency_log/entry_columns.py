"""Stored entries as rows: their bytes, and whether the columns say what the bytes say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

COLUMNS: Final = ("idx", "event_id", "kind", "livemode", "at_ms", "payload")
"""The columns of a `Row`, in its order."""
# The id follows a commitment of fixed length and at most two short members, so it begins within
# so many bytes.
_ID_WITHIN: Final = 140

Row = tuple[int, str, str, bool, int, bytes | str]


def check_columns(
    rows: Iterable[Row], *, first: int, organisation_id: str, add_fault: Callable[[str], None]
) -> Iterator[bytes]:
    """Yield the payload of each row. The rows are those at `first` and the places after it.

    Each fault is described to `add_fault`. The bytes are not parsed, which would be slow for a
    million entries. JCS sorts the members, so each member has its place.
    """
    org = f',"org":"{organisation_id}",'.encode()

    for place, row in enumerate(rows, first):
        idx, event_id, kind, livemode, at_ms, payload = row
        # One expression for nearly all of them: a call for each row would cost a tenth more.
        if not (
            idx == place
            and type(payload) is bytes
            and payload.endswith(f'}},"t":"{kind}","ts":{at_ms},"v":2}}'.encode())
            and 0 < payload.find(f',"id":"{event_id}","kid":"'.encode()) < _ID_WITHIN
            and org in payload
            and (b',"live":false,' not in payload) == livemode
        ):
            payload = _examine_row(row, place, org, add_fault)

        yield payload


def _examine_row(row: Row, place: int, org: bytes, add_fault: Callable[[str], None]) -> bytes:
    """Return the payload of a row that has a fault, or is of version 1."""
    idx, event_id, kind, livemode, at_ms, stored = row
    # SQLite keeps text in a column of bytes if a statement by hand writes text.
    if isinstance(stored, str):
        add_fault(f"entry {idx} is stored as text and cannot be served")
    if idx != place:
        add_fault(f"entry {idx} stands at place {place}")

    payload = stored.encode() if isinstance(stored, str) else bytes(stored)
    end = f',"t":"{kind}","ts":{at_ms},"v":'
    if not (
        payload.endswith((f"}}{end}2}}".encode(), f"]{end}1}}".encode()))
        and 0 < payload.find(f',"id":"{event_id}","kid":"'.encode()) < _ID_WITHIN
        and org in payload
        and (b',"live":false,' not in payload) == livemode
    ):
        add_fault(f"entry {idx}: its columns are not what its bytes say")

    return payload
