"""Our trees, proofs and notes judged by code bases that are not ours, at the sizes where
implementations go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support import memory_trees, proof_oracles
from tests.support.proof_oracles import Claim
from transparency_log.formats import merkle, proof_spans, signed_note
from transparency_log.formats.merkle import TileAt

Judge = Callable[[Sequence[Claim]], list[bool]]
# One, around each power of two at which a tile fills or a level begins, and with many bits set.
SIZES = (
    1,
    2,
    3,
    5,
    255,
    256,
    257,
    511,
    512,
    513,
    4095,
    4096,
    4097,
    43_690,
    65_535,
    65_536,
    65_537,
    70_000,
    70_400,
)


@pytest.fixture(params=["scitt-cose", "x/mod"])
def judge(request: pytest.FixtureRequest) -> Judge:
    if request.param == "scitt-cose":
        return proof_oracles.by_python
    if proof_oracles.go_program() is None:
        pytest.skip(
            "no Go with golang.org/x/mod (apt-get install golang-go golang-golang-x-mod-dev)"
        )
    return proof_oracles.by_go


@cache
def forest() -> dict[TileAt, bytes]:
    """Every tile of the largest tree, grown in uneven batches; smaller trees are its prefixes."""
    return memory_trees.grown(memory_trees.leaves(SIZES[-1]), batch=1000)[1]


@cache
def root(size: int) -> str:
    return merkle.compute_root(size, forest()).hex()


def inclusion(index: int, size: int) -> Claim:
    entry = b"entry %d" % index
    path = tuple(step.hex() for step in memory_trees.inclusion(forest(), index, size))
    leaf = merkle.hash_leaf(entry).hex()
    return Claim(
        kind="inclusion",
        index=index,
        size=size,
        entry=entry.hex(),
        leaf=leaf,
        path=path,
        root=root(size),
    )


def consistency(old: int, new: int) -> Claim:
    path = tuple(step.hex() for step in memory_trees.consistency(forest(), old, new))
    return Claim(
        kind="consistency", old=old, size=new, oldroot=root(old), root=root(new), path=path
    )


def indexes(size: int) -> list[int]:
    return sorted(
        {
            index
            for index in (0, 1, 254, 255, 256, size // 3, size // 2, size - 2, size - 1)
            if 0 <= index < size
        }
    )


def other(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


class TestInclusion:
    def test_is_accepted(self, judge: Judge) -> None:
        claims = [inclusion(index, size) for size in SIZES for index in indexes(size)]

        assert len(claims) > 120
        assert judge(claims) == [True] * len(claims)

    def test_of_anything_else_is_refused(self, judge: Judge) -> None:
        honest = [inclusion(index, size) for size in SIZES[4:] for index in indexes(size)[:4]]
        entry = b"another entry"
        lies = [
            lie
            for claim in honest
            for lie in (
                replace(claim, entry=entry.hex(), leaf=merkle.hash_leaf(entry).hex()),
                replace(claim, root=other(claim.root)),
                replace(claim, path=claim.path[:-1]),
                replace(claim, path=(*claim.path, claim.root)),
                replace(claim, path=(other(claim.path[0]), *claim.path[1:])),
                replace(claim, index=claim.index + 1 if claim.index + 1 < claim.size else 0),
            )
        ]

        assert judge(lies) == [False] * len(lies)


class TestConsistency:
    def test_is_accepted_between_all_sizes(self, judge: Judge) -> None:
        claims = [consistency(old, new) for new in SIZES for old in SIZES if old < new]

        assert len(claims) > 150
        assert judge(claims) == [True] * len(claims)

    def test_of_a_fork_is_refused(self, judge: Judge) -> None:
        honest = [consistency(old, new) for new in SIZES[5:] for old in SIZES[1:] if old < new]
        lies = [
            lie
            for claim in honest
            for lie in (
                replace(claim, oldroot=other(claim.oldroot)),
                replace(claim, root=other(claim.root)),
                replace(claim, path=(*claim.path, claim.root)),
                replace(claim, path=claim.path[:-1]),
            )
        ]

        assert judge(lies) == [False] * len(lies)


class TestATileThatWasCorrupted:
    """Go's own reader of tiles once missed some of these (CVE-2026-56865)."""

    @pytest.mark.parametrize("size", [70_000, 70_400])
    def test_is_noticed_whichever_it_is(self, judge: Judge, size: int) -> None:
        """Each tile in turn gives proofs that no longer lead to the signed root."""
        level_0 = [TileAt(0, n) for n in range(-(-size // 256))]
        above = [place for place in forest() if place.level]
        claims = []
        for place in (*level_0, *above):
            last = len(forest()[place]) // merkle.HASH - 1
            index = min((place.n * 256 + last) * 256**place.level, size - 1)
            claims.append(_through(place, index, size))

        assert judge(claims) == [False] * len(claims)


def _through(place: TileAt, index: int, size: int) -> Claim:
    """The proof of an entry beside what the tile holds, with the tile's every byte changed."""
    wrong = {**forest(), place: bytes(byte ^ 1 for byte in forest()[place])}
    beside = next(
        found
        for found in (index ^ 256**place.level, index, 0, size - 1)
        if found < size
        and place in merkle.list_span_tiles(proof_spans.list_inclusion_spans(found, size))
    )
    claim = inclusion(beside, size)
    return replace(
        claim, path=tuple(step.hex() for step in memory_trees.inclusion(wrong, beside, size))
    )


class TestNotes:
    @pytest.fixture
    def note(self) -> Claim:
        key = Ed25519PrivateKey.generate()
        text = signed_note.TreeHead(
            origin="voice.example/log", size=70_400, root=bytes.fromhex(root(70_400))
        ).text()
        vkey = signed_note.VerifierKey(
            name="voice.example/log", public_key=key.public_key().public_bytes_raw()
        )
        signed = signed_note.sign_note(
            text, [(vkey, key.sign), (replace(vkey, name="another"), key.sign)]
        )
        return Claim(kind="note", note=signed, key=str(vkey), text=text)

    def test_are_opened_by_go(self, note: Claim) -> None:
        if proof_oracles.go_program() is None:
            pytest.skip(
                "no Go with golang.org/x/mod (apt-get install golang-go golang-golang-x-mod-dev)"
            )

        lies = [
            replace(note, note=note.note.replace("70400", "70401")),
            replace(note, key=note.key[:-4] + "AAA="),
        ]
        assert proof_oracles.by_go([note, *lies]) == [True, False, False]
