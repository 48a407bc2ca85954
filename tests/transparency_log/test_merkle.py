"""The pure tree: known answers, agreement with a second implementation, and refusal of everything
that was changed.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import memory_trees, reference_tree
from transparency_log.formats import merkle, proof_spans
from transparency_log.formats.merkle import ProofRefused, TileAt

MANY = memory_trees.leaves(1100)
ROOT, TILES = memory_trees.grown(MANY, batch=97)


class TestKnownAnswers:
    @pytest.mark.parametrize("size", range(1, 9))
    def test_roots_are_those_of_certificate_transparency(self, size: int) -> None:
        hashes = [merkle.hash_leaf(leaf) for leaf in memory_trees.RFC_LEAVES[:size]]

        assert merkle.append(0, hashes, {}).root.hex() == memory_trees.RFC_ROOTS[size - 1]

    def test_the_empty_tree_hashes_nothing(self) -> None:
        assert (
            merkle.compute_root(0, {}).hex()
            == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )

    @pytest.mark.parametrize(
        ("index", "size", "path"),
        [
            (0, 1, []),
            (0, 8, [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]),
            (5, 8, [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]),
            (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        ],
    )  # fmt: skip
    def test_audit_paths_are_those_of_certificate_transparency(
        self, index: int, size: int, path: list[str]
    ) -> None:
        _, tiles = memory_trees.grown(
            [merkle.hash_leaf(leaf) for leaf in memory_trees.RFC_LEAVES], batch=3
        )

        assert [step.hex() for step in memory_trees.inclusion(tiles, index, size)] == path

    @pytest.mark.parametrize(
        ("old", "new", "path"),
        [
            (1, 1, []),
            (6, 8, [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]),
            (2, 5, [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ]),
        ],
    )  # fmt: skip
    def test_consistency_proofs_are_those_of_certificate_transparency(
        self, old: int, new: int, path: list[str]
    ) -> None:
        _, tiles = memory_trees.grown(
            [merkle.hash_leaf(leaf) for leaf in memory_trees.RFC_LEAVES], batch=8
        )

        assert [step.hex() for step in memory_trees.consistency(tiles, old, new)] == path


class TestAppend:
    @pytest.mark.parametrize("batch", [1, 7, 255, 256, 257, 1100])
    def test_gives_the_same_tree_whatever_the_batches(self, batch: int) -> None:
        assert memory_trees.grown(MANY, batch=batch) == (ROOT, TILES)

    @pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025])
    def test_agrees_with_the_recursive_definition(self, size: int) -> None:
        root, tiles = memory_trees.grown(MANY[:size], batch=100)

        assert root == reference_tree.mth(MANY[:size])
        assert all(
            reference_tree.tile(level, n, MANY[:size]) == data for (level, n), data in tiles.items()
        )

    @pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 70_000])
    def test_agrees_with_the_recursive_definition_over_three_levels(self, size: int) -> None:
        hashes = memory_trees.leaves(size)

        root, tiles = memory_trees.grown(hashes, batch=4096)

        assert root == reference_tree.mth(hashes)
        assert (
            tiles[TileAt(1, size >> 16)] == reference_tree.tile(1, size >> 16, hashes)
            if size % 65_536 > 255
            else True
        )
        assert {place.level for place in tiles} == ({0, 1, 2} if size >= 65_536 else {0, 1})

    def test_holds_the_tiles_of_the_specification_s_example(self) -> None:
        widths = {
            place: (70_000 >> 8 * place.level) % 256 for place in merkle.list_edge_tiles(70_000)
        }

        assert widths == {TileAt(0, 273): 112, TileAt(1, 1): 17, TileAt(2, 0): 1}

    def test_refuses_an_edge_that_is_not_as_wide_as_the_size_says(self) -> None:
        with pytest.raises(ValueError, match="tile 0/0 holds 64 bytes where 96 belong"):
            merkle.append(3, MANY[:1], {TileAt(0, 0): b"".join(MANY[:2])})


class TestProofs:
    @pytest.mark.parametrize("size", [*range(1, 40), 255, 256, 257, 258, 300, 511, 512, 700, 1100])
    def test_every_entry_of_every_size_proves_into_the_root(self, size: int) -> None:
        root = merkle.compute_root(size, TILES)

        for index in range(0, size, max(1, size // 40)):
            path = memory_trees.inclusion(TILES, index, size)
            assert path == reference_tree.path(index, MANY[:size])
            merkle.verify_inclusion(index=index, size=size, leaf=MANY[index], path=path, root=root)

    @pytest.mark.parametrize("new", [*range(1, 40), 255, 256, 257, 258, 300, 511, 512, 700, 1100])
    def test_every_older_tree_proves_to_be_a_prefix(self, new: int) -> None:
        root = merkle.compute_root(new, TILES)

        for old in range(1, new + 1, max(1, new // 40)):
            path = memory_trees.consistency(TILES, old, new)
            assert path == reference_tree.proof(old, MANY[:new])
            merkle.verify_consistency(
                old=old, new=new, old_root=merkle.compute_root(old, TILES), new_root=root, path=path
            )

    @given(st.integers(1, 1100), st.data())
    @settings(max_examples=150, deadline=None)
    def test_a_changed_inclusion_proof_is_refused(self, size: int, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, size - 1))
        whole = {
            "index": index, "size": size, "leaf": MANY[index],
            "root": merkle.compute_root(size, TILES),
            "path": memory_trees.inclusion(TILES, index, size),
        }  # fmt: skip
        changed: dict[str, Any] = {**whole, **data.draw(_changes(whole, 1100))}

        if self._really_differs(whole, changed):
            with pytest.raises(ProofRefused):
                merkle.verify_inclusion(**changed)

    @staticmethod
    def _really_differs(whole: dict[str, object], changed: dict[str, object]) -> bool:
        # Another place or size with the very same path shape folds to the same root: then leaf and
        # path say the same.
        index, size = changed["index"], changed["size"]
        assert isinstance(index, int)
        assert isinstance(size, int)
        if changed == whole:
            return False
        only_size = {**changed, "size": whole["size"], "index": whole["index"]} == whole
        if not only_size or not 0 <= index < size:
            return True
        assert isinstance(whole["leaf"], bytes)
        path = changed["path"]
        assert isinstance(path, list)
        return reference_tree.refuses(
            lambda: _same(
                reference_tree.root_of_path(index, size, MANY[index], path), whole["root"]
            )
        )

    @given(st.integers(2, 1100), st.data())
    @settings(max_examples=150, deadline=None)
    def test_a_changed_consistency_proof_is_refused(self, new: int, data: st.DataObject) -> None:
        old = data.draw(st.integers(1, new - 1))
        path = memory_trees.consistency(TILES, old, new)
        roots = {
            "old_root": merkle.compute_root(old, TILES),
            "new_root": merkle.compute_root(new, TILES),
        }
        spoilt = data.draw(_spoilt([*path, roots["old_root"], roots["new_root"]]))

        with pytest.raises(ProofRefused):
            merkle.verify_consistency(
                old=old, new=new, old_root=spoilt[-2], new_root=spoilt[-1], path=spoilt[:-2]
            )

    def test_a_proof_for_another_size_is_refused(self) -> None:
        path, root = memory_trees.consistency(TILES, 300, 700), merkle.compute_root(700, TILES)

        # Sizes with a path of the same shape fold to the same roots; there the signature over size
        # and root decides.
        for old, new in ((299, 700), (301, 700), (300, 1100), (0, 700), (700, 300)):
            with pytest.raises(ProofRefused):
                merkle.verify_consistency(
                    old=old,
                    new=new,
                    old_root=merkle.compute_root(300, TILES),
                    new_root=root,
                    path=path,
                )

    def test_two_roots_of_one_size_are_refused(self) -> None:
        with pytest.raises(ProofRefused, match="differ"):
            merkle.verify_consistency(old=5, new=5, old_root=MANY[0], new_root=MANY[1], path=[])

    @pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 5), (5, 5), (6, 5)])
    def test_there_is_no_proof_outside_the_tree(self, index: int, size: int) -> None:
        with pytest.raises(ProofRefused):
            merkle.verify_inclusion(index=index, size=size, leaf=MANY[0], path=[], root=MANY[0])
        with pytest.raises(ValueError, match="not in a tree"):
            proof_spans.list_inclusion_spans(index, size)


class TestTiles:
    @given(st.sampled_from(sorted(TILES)), st.data())
    @settings(max_examples=100, deadline=None)
    def test_a_changed_tile_changes_the_root_or_the_tile_above(
        self, place: TileAt, data: st.DataObject
    ) -> None:
        at = data.draw(st.integers(0, len(TILES[place]) - 1))
        spoilt = bytearray(TILES[place])
        spoilt[at] ^= 1 << data.draw(st.integers(0, 7))
        changed = {**TILES, place: bytes(spoilt)}
        parent = TileAt(place.level + 1, place.n // 256)

        if len(spoilt) == merkle.FULL:
            where = (place.n % 256) * merkle.HASH
            folded = merkle.append(
                0, [bytes(spoilt[i : i + 32]) for i in range(0, merkle.FULL, 32)], {}
            ).root
            assert folded != TILES[parent][where : where + merkle.HASH]
        else:
            assert merkle.compute_root(1100, changed) != ROOT

    def test_a_tile_that_is_too_short_is_noticed(self) -> None:
        with pytest.raises(ValueError, match="too short"):
            merkle.compute_root(1100, {**TILES, TileAt(0, 4): TILES[TileAt(0, 4)][:32]})


def _same(one: bytes, other: object) -> None:
    if one != other:
        raise ValueError("differ")


def _changes(whole: dict[str, object], most: int) -> st.SearchStrategy[dict[str, object]]:
    path = whole["path"]
    assert isinstance(path, list)
    choices: list[st.SearchStrategy[dict[str, object]]] = [
        st.fixed_dictionaries({"index": st.integers(-1, most)}),
        st.fixed_dictionaries({"size": st.integers(0, most)}),
        st.fixed_dictionaries({"leaf": st.binary(min_size=32, max_size=32)}),
        st.fixed_dictionaries({"root": st.binary(min_size=32, max_size=32)}),
        st.just({"path": [*path, MANY[0]]}),
    ]
    if path:
        choices += [
            _spoilt(path).map(lambda spoilt: {"path": spoilt}),
            st.just({"path": path[:-1]}),
        ]
    return st.one_of(choices)


@st.composite
def _spoilt(draw: st.DrawFn, hashes: list[bytes]) -> list[bytes]:
    """Flip one bit somewhere."""
    which, at, bit = (
        draw(st.integers(0, len(hashes) - 1)),
        draw(st.integers(0, 31)),
        draw(st.integers(0, 7)),
    )
    spoilt = bytearray(hashes[which])
    spoilt[at] ^= 1 << bit
    return [*hashes[:which], bytes(spoilt), *hashes[which + 1 :]]
