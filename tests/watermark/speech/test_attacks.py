"""What an attacker or a careless hand does to marks, by name; docs/watermark.md says what is
survived.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import numpy as np
import pytest

import watermark
from accounts.models import Organisation
from provenance.clips import watermark_keys
from tests.conftest import NOON
from tests.support.watermark_speech import KEY, NAMES, OTHER_KEY, clip
from watermark import embed
from watermark.speech import echo_removal, embedder
from watermark.speech.features import compute_energies, compute_features, measure_speech_level
from watermark.speech.keyed_pattern import Layout, build_layout, derive_start_slot
from watermark.speech.parameters import SPEECH_1, Samples

# The folder's other tests need no people, so these fixtures are named here.
pytest_plugins = ("tests.fixtures.organisations",)

RATE = 16_000


def marked(samples: Samples, token: int, key: bytes = KEY) -> Samples:
    return embed(samples, RATE, token=token, key=key, margin_db=0.75)


def token_of(samples: Samples, key: bytes = KEY) -> int | None:
    reading = watermark.detect(samples, RATE, key=key)
    return reading.token if reading else None


def averaged(layout: Layout) -> float:
    """How far the sync pattern stands out, in standard deviations, of 40 clips of one key laid over
    each other.
    """
    total = np.zeros((SPEECH_1.slots, SPEECH_1.bands))
    for token in range(40):
        host = clip(NAMES[token % len(NAMES)]).samples[token * 300 :][
            : 3 * SPEECH_1.slots * SPEECH_1.frame
        ]
        energy = compute_energies(marked(host, token * 7_919))
        contrast = compute_features(energy, measure_speech_level(energy))[0]
        for first in range(0, len(contrast) - SPEECH_1.slots + 1, SPEECH_1.slots):
            total += contrast[first : first + SPEECH_1.slots]
    spread = np.sqrt(np.square(total[layout.sync_pattern != 0]).sum())
    return max(
        float((np.roll(layout.sync_pattern, slot, axis=0) * total).sum() / spread)
        for slot in range(SPEECH_1.slots)
    )


class TestAveragingManyClips:
    def test_of_one_key_shows_nothing_of_its_pattern(self) -> None:
        assert averaged(build_layout(KEY)) < 5.0  # the greatest of 85 would be about 2.5 by chance

    def test_would_show_it_if_all_began_with_one_slot(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That the test above can fail: this is what the keyed start protects from."""
        monkeypatch.setattr(embedder, "derive_start_slot", lambda key, token: 0)
        assert averaged(build_layout(KEY)) > 8.0

    def test_begins_at_slots_that_only_the_key_tells(self) -> None:
        assert len({derive_start_slot(KEY, token) for token in range(200)}) > 60
        assert [derive_start_slot(KEY, token) for token in range(20)] != [
            derive_start_slot(OTHER_KEY, token) for token in range(20)
        ]


class TestCuttingAndSplicing:
    def test_marked_words_in_unmarked_speech_are_found_where_they_are(self) -> None:
        words = marked(clip(NAMES[0]).samples, 11)[RATE : 5 * RATE]
        others = clip(NAMES[3]).samples
        (segment,) = watermark.find_segments(
            np.concatenate([others, words, others]), RATE, keys={"ours": KEY}
        )
        assert segment.token == 11
        assert segment.start_s == pytest.approx(others.size / RATE, abs=0.6)
        assert segment.end_s == pytest.approx(others.size / RATE + 4.0, abs=0.6)

    def test_pieces_in_another_order_still_name_the_clip(self) -> None:
        sound = marked(clip(NAMES[0]).samples, 12)
        shuffled = np.concatenate([sound[4 * RATE :], sound[: 4 * RATE]])
        assert {
            segment.token for segment in watermark.find_segments(shuffled, RATE, keys={"ours": KEY})
        } == {12}

    def test_pieces_of_half_a_second_are_lost(self) -> None:
        """A limit, stated as one."""
        mine, others = marked(clip(NAMES[0]).samples, 13), clip(NAMES[3]).samples
        half = RATE // 2
        mixed = [
            part[at : at + half]
            for at in range(0, 5 * RATE, 2 * half + 777)
            for part in (mine, others)
        ]
        assert token_of(np.concatenate(mixed)) is None


def echoed(samples: Samples, milliseconds: float, gain: float) -> Samples:
    """Two paths of one sound, mixed so many milliseconds apart."""
    late = round(milliseconds * RATE / 1_000)
    out = np.pad(samples, (0, late))
    out[late:] += np.float32(gain) * samples
    return out


class TestEchoes:
    """A frame is 12 ms long, and the bands lie as far apart as the teeth of a comb of 12 ms."""

    @pytest.mark.parametrize(
        ("milliseconds", "gain"),
        [
            *product((3, 6, 9, 11.5, 12, 12.4, 15, 18, 24), (1.0, -1.0)),
            *product((9, 12, 12.4), (0.7, -0.7)),
        ],
    )
    def test_leave_the_mark(self, milliseconds: float, gain: float) -> None:
        assert token_of(echoed(marked(clip().samples, 21), milliseconds, gain)) == 21

    @pytest.mark.parametrize("name", NAMES)
    def test_of_one_frame_leave_it_to_a_search_by_seconds(self, name: str) -> None:
        others = clip(NAMES[3] if name != NAMES[3] else NAMES[0]).samples
        here = marked(clip(name).samples[: 5 * RATE], 22)
        sound = echoed(np.concatenate([others, here, others]), 12, 1.0)
        (segment,) = watermark.find_segments(sound, RATE, keys={"ours": KEY})
        assert segment.token == 22
        assert segment.start_s == pytest.approx(others.size / RATE, abs=0.6)

    @pytest.mark.parametrize("name", NAMES)
    def test_are_not_heard_where_there_are_none(self, name: str) -> None:
        assert echo_removal.find_comb(clip(name).samples) is None
        assert echo_removal.find_comb(marked(clip(name).samples, 23)) is None

    def test_are_heard_where_they_are(self) -> None:
        comb = echo_removal.find_comb(echoed(clip().samples, 12, -1.0))
        assert comb == echo_removal.Comb(delay=192.0, sign=-1.0)


class TestMarkingMarkedAudio:
    def test_with_the_same_key_leaves_the_newer_token(self) -> None:
        assert token_of(marked(marked(clip().samples, 1), 2)) == 2

    @pytest.mark.parametrize("name", NAMES)
    def test_with_the_same_key_may_leave_the_older_token_to_a_search_by_seconds(
        self, name: str
    ) -> None:
        """So verify may name both clips; the newer one is the clearer."""
        twice = marked(marked(clip(name).samples, 1), 2)
        found = watermark.find_segments(twice, RATE, keys={"ours": KEY})
        assert {segment.token for segment in found} <= {1, 2}
        assert max(found, key=lambda segment: segment.score).token == 2

    @pytest.mark.parametrize("name", NAMES)
    def test_with_two_keys_leaves_both_marks(self, name: str) -> None:
        both = marked(marked(clip(name).samples, 3), 4, OTHER_KEY)
        assert (token_of(both), token_of(both, OTHER_KEY)) == (3, 4)


class TestKeys:
    @pytest.mark.parametrize("key", [OTHER_KEY, bytes(32), KEY + b"\0", KEY[:31]])
    def test_a_wrong_key_reads_nothing(self, key: bytes) -> None:
        assert token_of(marked(clip().samples, 5), key) is None

    def test_an_ended_epoch_still_reads(self, acme: Organisation) -> None:
        before = watermark_keys.get_current_key(acme.id, at=NOON - timedelta(days=800))
        watermark_keys.get_current_key(acme.id, at=NOON)
        sound = marked(clip().samples, 6, before.key)
        found = watermark.detect_any(sound, RATE, keys=watermark_keys.list_watermark_keys())
        assert found is not None
        assert (found[0], found[1].token) == (before.name, 6)
