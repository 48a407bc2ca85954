"""The quick way to read an entry takes nothing that the strict JSON reader would not take."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.verifier import entry_reader
from provenance.verifier.check_report import Refusal
from provenance.verifier.merkle_proofs import Tree, hash_leaf
from provenance.verifier.parsing import read_json, to_canonical
from tests.support import reference_tree

ENTRY: dict[str, Any] = {
    "by": "person", "c": "A" * 43 + "=", "id": "evt_" + "a" * 26, "kid": "k" * 22, "live": False,
    "org": "org_" + "b" * 26, "refs": {"clip": "clp_" + "c" * 26, "consent": "con_" + "d" * 26},
    "t": "clip.issued", "ts": 1763726400000, "v": 2,
}  # fmt: skip


def written(**changes: Any) -> bytes:
    """Return the bytes of an entry with these members. None leaves a member out."""
    entry = {name: value for name, value in {**ENTRY, **changes}.items() if value is not None}
    return to_canonical(entry)


def strictly_read(line: bytes) -> dict[str, Any] | None:
    """Read as the JSON reader does: None for what is not canonical, or refused."""
    try:
        entry: dict[str, Any] = read_json(line)
    except (ValueError, Refusal):
        return None

    return entry if to_canonical(entry) == line else None


def read(line: bytes) -> dict[str, Any] | None:
    try:
        return entry_reader.read_canonical_entry(line)
    except (ValueError, Refusal):
        return None


@pytest.mark.parametrize(
    "line",
    [
        written(),
        written(by=None, live=None),
        written(refs={}),
        written(refs={"a": "1"}, ts=0),
        written(live=True),
        written(v=1),
        written(refs=[{"r": "clip", "id": "clp_"}], v=1),
        written(more=[1]),
        written(t='clip"issued'),
        written(t="clip\\issued"),
        written(kid="käthe"),
        written(org="\U0001f600"),
        written(ts=-1),
        written(ts=2**53 - 1),
        written(ts="1763726400000"),
        written(refs={"clip": {"consent": "con_"}}),
    ],
)
def test_an_entry_in_canonical_form_says_what_its_json_says(line: bytes) -> None:
    assert read(line) == entry_reader.read_entry(line) == json.loads(line)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"clip":', b'"conz":'),
        (b'"clip":', b'"consent":'),
        (b'"clip":', b'"d":'),
        (b'"ts":1763726400000', b'"ts":01763726400000'),
        (b'"ts":1763726400000', b'"ts":1763726400000.0'),
        (b'"ts":1763726400000', b'"ts":9007199254740992'),
        (b'"ts":1763726400000', b'"ts":1763726400000,"ts":1763726400000'),
        (b'"live":false,', b'"live":false,"live":false,'),
        (b'"v":2}', b'"v":2} '),
        (b'"v":2}', b'"v":2}\n'),
        (b'"v":2}', b'"v":2}{}'),
        (b"clip.issued", b"clip\\u002eissued"),
        (b"clip.issued", b"clip\tissued"),
        (b'"c":"A', b'"c": "A'),
    ],
)
def test_an_entry_in_another_spelling_is_not_canonical(old: bytes, new: bytes) -> None:
    line = written().replace(old, new)

    assert line != written()
    assert read(line) is None


@given(
    st.integers(0, len(written()) - 1),
    st.sampled_from([b"", b'"', b"\\", b",", b":", b"{", b"}", b"0", b"x", b"\n", b"\xc3\xa4"]),
    st.integers(0, 3),
)
def test_wherever_bytes_are_changed_both_readers_agree(at: int, new: bytes, length: int) -> None:
    line = written()[:at] + new + written()[at + length :]

    assert read(line) == strictly_read(line)


@given(st.lists(st.integers(0, 70), max_size=12))
def test_a_tree_is_the_same_in_whatever_pieces_it_grows(pieces: list[int]) -> None:
    leaves = [hash_leaf(b"%d" % number) for number in range(sum(pieces))]
    tree, at = Tree(), 0

    for piece in pieces:
        tree.extend(leaves[at : at + piece])
        at += piece
        assert (tree.size, tree.root()) == (at, reference_tree.mth(leaves[:at]))
