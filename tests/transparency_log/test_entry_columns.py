"""Columns of stored entries say what the bytes say, in either version of entries."""

from __future__ import annotations

from typing import Any

import pytest

from core import canonical_json
from transparency_log.entry_columns import Row, check_columns

ORGANISATION = "org_" + "d" * 26
EVENT = "evt_" + "c" * 26
ENTRY: dict[str, Any] = {
    "c": "c" * 44, "id": EVENT, "kid": "k" * 22, "org": ORGANISATION, "refs": {},
    "t": "clip.issued", "ts": 7, "v": 2,
}  # fmt: skip
FIRST_VERSION: dict[str, Any] = {"alg": "hkdf-hmac-sha256/1", "refs": [], "v": 1}
ROW: Row = (5, EVENT, "clip.issued", True, 7, canonical_json.dump(ENTRY))


def list_faults(row: Row, place: int = 5) -> list[str]:
    found: list[str] = []
    (payload,) = check_columns(
        [row], first=place, organisation_id=ORGANISATION, add_fault=found.append
    )

    stored = row[-1]
    assert payload == (stored.encode() if isinstance(stored, str) else stored)
    return found


@pytest.mark.parametrize(
    ("livemode", "changes"),
    [
        (True, {}),
        (False, {"live": False}),
        (True, {"by": "organisation"}),
        (True, FIRST_VERSION),
        (False, {"live": False, **FIRST_VERSION}),
    ],
)
def test_columns_of_every_version_agree(livemode: bool, changes: dict[str, Any]) -> None:
    payload = canonical_json.dump({**ENTRY, **changes})

    assert list_faults((5, EVENT, "clip.issued", livemode, 7, payload)) == []


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({0: 6}, ["entry 6 stands at place 5"]),
        ({1: "evt_" + "a" * 26}, ["entry 5: its columns are not what its bytes say"]),
        ({2: "clip.withdrawn"}, ["entry 5: its columns are not what its bytes say"]),
        ({3: False}, ["entry 5: its columns are not what its bytes say"]),
        ({4: 8}, ["entry 5: its columns are not what its bytes say"]),
        ({5: canonical_json.dump({**ENTRY, "org": "org_" + "e" * 26})},
         ["entry 5: its columns are not what its bytes say"]),
        ({5: canonical_json.dump({**ENTRY, "v": 3})},
         ["entry 5: its columns are not what its bytes say"]),
        ({5: canonical_json.dump(ENTRY).decode()},
         ["entry 5 is stored as text and cannot be served"]),
        ({0: 4, 2: "clip", 5: b"\x00\xff"},
         ["entry 4 stands at place 5", "entry 4: its columns are not what its bytes say"]),
    ],
)  # fmt: skip
def test_every_column_that_says_something_else_is_a_fault(
    changes: dict[int, Any], faults: list[str]
) -> None:
    row: Any = tuple(changes.get(place, value) for place, value in enumerate(ROW))

    assert list_faults(row) == faults
