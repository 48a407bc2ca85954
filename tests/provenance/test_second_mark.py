"""The second mark: the clip's id beside our own mark, each read in the presence of the other."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import watermark
from accounts import organisation_policy
from accounts.models import Organisation
from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from core import ids
from core.canonical_json import Json
from core.errors import Invalid
from provenance.clips import (
    audiowmark_layer,
    clip_reservation,
    verified_marking,
    watermark_keys,
)
from provenance.clips.audiowmark_layer import AudiowmarkLayer
from provenance.clips.verified_marking import Marked
from tests.conftest import NOON
from tests.support.watermark_speech import KEY, NAMES, TOKEN, clip
from watermark import audiowmark

SECRET = bytes(range(100, 132))
CLIP_ID = ids.from_bytes("clp", bytes(range(200, 216)))
SECOND = AudiowmarkLayer(
    clip_id=CLIP_ID, key=audiowmark_layer.to_audiowmark_key(SECRET, "org|2026")
)
WAV = Output(codec="wav", sample_rate_hz=24_000)


@cache
def long_clip(seconds: float = 17.0) -> Sound:
    """Speech of this length at 24 kHz."""
    samples = np.concatenate([clip(name, rate=24_000).samples for name in NAMES])
    return Sound(samples[: round(seconds * 24_000)], 24_000)


@cache
def marked(codec: str = "wav", seconds: float = 17.0) -> Marked:
    return verified_marking.mark_sound(
        long_clip(seconds),
        token=TOKEN,
        key=KEY,
        output=Output(codec=codec, sample_rate_hz=24_000),
        audiowmark=SECOND,
    )


def second_of(sound: Sound) -> list[str]:
    found = audiowmark_layer.detect_clip_ids(sound.samples, sound.rate, keys={"org|2026": SECRET})
    return [reading.clip_id for reading in found if reading.believable]


def first_of(sound: Sound) -> int | None:
    reading = watermark.detect(sound.samples, sound.rate, key=KEY)
    return reading.token if reading else None


class TestBoth:
    @pytest.mark.parametrize("codec", ["wav", "mp3", "opus"])
    def test_are_read_from_the_delivered_bytes(self, codec: str) -> None:
        heard = decode_trusted(marked(codec).data, codec)
        assert (first_of(heard), second_of(heard)) == (TOKEN, [CLIP_ID])

    @pytest.mark.parametrize(
        "output",
        [
            Output(codec="mp3", sample_rate_hz=24_000, bit_rate_bps=64_000),
            Output(codec="opus", sample_rate_hz=24_000, bit_rate_bps=24_000),
            Output(codec="wav", sample_rate_hz=16_000),
        ],
        ids=["mp3-64k", "opus-24k", "16kHz"],
    )
    def test_are_read_after_handling(self, output: Output) -> None:
        heard = decode_trusted(encode_sound(marked().sound, output), output.codec)
        assert (first_of(heard), second_of(heard)) == (TOKEN, [CLIP_ID])

    def test_leave_ours_as_clear_as_it_would_be_alone(self) -> None:
        alone = verified_marking.mark_sound(long_clip(), token=TOKEN, key=KEY, output=WAV)
        assert marked().score_milli >= min(1000, alone.score_milli - 100)

    def test_are_both_named(self) -> None:
        (noted,) = marked().second_marks
        assert (noted["scheme"], noted["bits"], noted["strength"]) == (
            "audiowmark",
            bytes(range(200, 216)).hex(),
            15,
        )
        assert isinstance(noted["quality_milli"], int)
        assert noted["quality_milli"] > 1000

    def test_give_the_same_bytes_for_the_same_arguments(self) -> None:
        again = verified_marking.mark_sound(
            long_clip(), token=TOKEN, key=KEY, output=WAV, audiowmark=SECOND
        )
        assert again.data == marked().data


class TestShortClips:
    def test_carry_ours_alone(self) -> None:
        short = marked(seconds=14.9)
        assert short.second_marks == ()
        assert (
            short.data
            == verified_marking.mark_sound(long_clip(14.9), token=TOKEN, key=KEY, output=WAV).data
        )

    @pytest.mark.parametrize("size", [0, 1, 24_000])
    def test_have_nothing_to_believe(self, size: int) -> None:
        assert second_of(Sound(np.ones(size, dtype=np.float32), 24_000)) == []


class TestReadBack:
    def test_notes_nothing_that_is_not_there(self) -> None:
        assert audiowmark_layer.describe_written_mark(long_clip(), SECOND) == ()

    def test_notes_nothing_under_another_key(self) -> None:
        other = AudiowmarkLayer(
            clip_id=CLIP_ID, key=audiowmark_layer.to_audiowmark_key(bytes(32), "other")
        )
        assert audiowmark_layer.describe_written_mark(marked().sound, other) == ()


class TestDetect:
    def test_tells_whose_key_it_was(self) -> None:
        sound = marked().sound
        found = audiowmark_layer.detect_clip_ids(
            sound.samples, sound.rate, keys={"a|1": bytes(32), "b|2": SECRET}
        )
        assert [(reading.key_name, reading.clip_id) for reading in found if reading.believable] == [
            ("b|2", CLIP_ID)
        ]

    def test_is_what_the_scheme_reads_with_the_key_file_s_key(self) -> None:
        sound = marked().sound
        rows = audiowmark.detect(
            sound.samples.astype(np.float64)[:, None], sound.rate, keys=[SECOND.key]
        )
        assert ids.to_bytes(CLIP_ID).hex() in {row.message for row in rows if row.believable}


class TestIds:
    def test_go_to_bytes_and_back(self) -> None:
        for made in (clip_reservation.generate_clip_id() for _ in range(50)):
            assert ids.from_bytes("clp", ids.to_bytes(made)) == made

    @pytest.mark.parametrize("text", ["", "clp_", CLIP_ID.upper(), CLIP_ID + "a"])
    def test_are_asked_for_in_their_form(self, text: str) -> None:
        with pytest.raises(ValueError, match="not an id"):
            ids.to_bytes(text)


class TestPolicy:
    @pytest.mark.parametrize(
        ("schemes", "wanted"),
        [
            (["sayso-speech/1"], False),
            (["sayso-speech/1", "audiowmark"], True),
            (["audiowmark", "sayso-speech/1"], True),
        ],
    )
    def test_decides(self, acme: Organisation, schemes: list[Json], wanted: bool) -> None:
        organisation_policy.change_policy(
            acme.id, {"watermark_schemes": schemes}, actor="member:x", at=NOON
        )
        assert (
            watermark_keys.is_audiowmark_wanted(organisation_policy.get_policy(acme.id)) is wanted
        )

    def test_wants_both_where_it_says_nothing(self, acme: Organisation) -> None:
        assert watermark_keys.is_audiowmark_wanted(organisation_policy.get_policy(acme.id))

    @pytest.mark.parametrize(
        "schemes",
        [
            [],
            ["audiowmark"],
            ["sayso-speech/1", "x"],
            "audiowmark",
            None,
            ["sayso-speech/1"] * 2,
            [[]],
        ],
    )
    def test_is_refused_without_our_own_or_in_another_form(
        self, acme: Organisation, schemes: Json
    ) -> None:
        with pytest.raises(Invalid):
            organisation_policy.change_policy(
                acme.id, {"watermark_schemes": schemes}, actor="member:x", at=NOON
            )
