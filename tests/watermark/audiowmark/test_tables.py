"""Keyed numbers and tables: those of the vectors, and what holds for every key."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.audiowmark_vectors import KEY, table
from watermark.audiowmark import audiowmark_parameters, convolutional_code, prng
from watermark.audiowmark.bit_layout import Tables, build_signs, build_tables, get_sync_bits

SECRETS = st.binary(min_size=16, max_size=16)
SEEDS = st.integers(0, 2**64 - 1)


def digest(numbers: np.typing.ArrayLike) -> str:
    """The vectors' hash of a whole table."""
    return hashlib.sha256(
        ",".join(map(str, np.asarray(numbers).ravel().tolist())).encode()
    ).hexdigest()


class TestNumbers:
    def test_are_those_of_the_program_s_own_test(self) -> None:
        found = prng.generate_numbers(bytes(16), 5, 0xF00F1234B00B5678, 3).tolist()
        assert found == [0x8723958E3F2E0422, 0x73187AD3F7275301, 0x17BA2FCEBDF91225]

    @pytest.mark.parametrize("name", table("keyed-tables")["prng"])
    def test_are_those_of_the_vectors(self, name: str) -> None:
        stream, seed = (int(part.strip("streamd")) for part in name.split("/"))
        wanted = [int(number, 16) for number in table("keyed-tables")["prng"][name]]
        assert prng.generate_numbers(KEY.secret, stream, seed, len(wanted)).tolist() == wanted

    @given(SECRETS, st.integers(0, 255), SEEDS, st.integers(0, 50), st.integers(0, 50))
    def test_are_one_sequence_however_many_are_taken(
        self, secret: bytes, stream: int, seed: int, few: int, more: int
    ) -> None:
        long = prng.generate_numbers(secret, stream, seed, few + more)
        assert long[:few].tolist() == prng.generate_numbers(secret, stream, seed, few).tolist()

    @given(SECRETS, SEEDS)
    def test_differ_between_streams(self, secret: bytes, seed: int) -> None:
        assert (
            prng.generate_numbers(secret, 1, seed, 2).tolist()
            != prng.generate_numbers(secret, 2, seed, 2).tolist()
        )


class TestShuffled:
    @given(st.integers(0, 300), SECRETS, SEEDS)
    def test_is_a_permutation(self, count: int, secret: bytes, seed: int) -> None:
        assert sorted(prng.shuffle_indices(count, secret, 6, seed).tolist()) == list(range(count))

    @pytest.mark.parametrize("name", table("keyed-tables")["up_down"])
    def test_gives_the_bins_of_the_vectors(self, name: str) -> None:
        stream, frame = (int(part.strip("streamf")) for part in name.split("/"))
        found = (
            prng.shuffle_indices(audiowmark_parameters.BANDS, KEY.secret, stream, frame)
            + audiowmark_parameters.LOW_BIN
        )
        known = table("keyed-tables")["up_down"][name]
        assert (found.tolist()[:30], found.tolist()[30:60]) == (known["up"], known["down"])


class TestTables:
    def test_are_those_of_the_vectors(self) -> None:
        known, found = table("keyed-tables"), build_tables(KEY.secret)
        positions = prng.shuffle_indices(
            audiowmark_parameters.BLOCK, KEY.secret, audiowmark_parameters.FRAME_ORDER, 0
        )
        assert digest(positions) == known["frame_position"]["sha256_all"]
        assert found.sync_frame.tolist() == positions[:510].tolist()
        triples = [
            found.data_frame,
            found.data_up + audiowmark_parameters.LOW_BIN,
            found.data_down + audiowmark_parameters.LOW_BIN,
        ]
        assert digest(np.stack(triples, axis=2)) == known["mix"]["sha256_all"]
        assert digest(found.order) == known["bit_order"]["sha256_all"]

    def test_cannot_be_changed(self) -> None:
        found = build_tables(KEY.secret)
        assert not any(getattr(found, name).flags.writeable for name in Tables.__slots__)

    @pytest.mark.parametrize("kind", [0, 1])
    def test_move_sixty_bins_of_every_frame_half_of_them_up(self, kind: int) -> None:
        coded = convolutional_code.encode_bits(
            convolutional_code.message_to_bits("0123456789abcdef"),
            (convolutional_code.OF_A, convolutional_code.OF_B)[kind],
        )
        grid = build_signs(build_tables(KEY.secret), coded, kind)
        assert (np.abs(grid).sum(axis=1) == 60).all()
        assert (grid.sum(axis=1) == 0).all()

    def test_tell_a_from_b_by_every_sync_bit(self) -> None:
        assert (get_sync_bits(0) != get_sync_bits(1)).all()
        assert get_sync_bits(0)[::85].tolist() == [0, 1, 0, 1, 0, 1]

    @settings(max_examples=3, deadline=None)
    @given(SECRETS)
    def test_give_every_place_one_meaning(self, secret: bytes) -> None:
        found = build_tables(secret)
        data = np.concatenate(
            [found.data_frame * 81 + found.data_up, found.data_frame * 81 + found.data_down]
        )
        assert len(set(data.ravel().tolist())) == 858 * 120
        assert set(found.data_frame.ravel().tolist()).isdisjoint(found.sync_frame.tolist())
