"""Foreign files: what is read, what is refused and why, and that the child is limited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio import decoding
from audio.containers import REASONS, Container, UnreadableAudio
from audio.decoding import decode_untrusted
from audio.sandbox.template_client import Sandbox
from tests.support import audio_files
from tests.support.sandbox_programs import build_sandbox

Replace = Callable[..., None]


def reason_of(data: bytes) -> str:
    with pytest.raises(UnreadableAudio) as caught:
        decode_untrusted(data)
    assert caught.value.stable_code == "audio_unreadable"
    assert caught.value.facts == {"reason": caught.value.reason}
    assert str(caught.value.detail).startswith(REASONS[caught.value.reason])
    return caught.value.reason


class TestDecode:
    @pytest.mark.parametrize("codec", audio_files.CODECS)
    def test_reads_every_format_at_its_full_length(self, codec: str) -> None:
        found = decode_untrusted(audio_files.encoded(codec))

        assert found.container == Container(codec)
        assert (found.channels, found.rate) == (1, 24_000)
        assert found.seconds == pytest.approx(audio_files.clip().seconds, abs=0.001)
        assert (
            audio_files.snr_db(audio_files.clip().resample(24_000).samples, found.sound.samples) > 5
        )

    def test_keeps_every_bit_of_a_wav(self) -> None:
        found = decode_untrusted(audio_files.encoded("wav"))

        assert found.sound.pcm16() == audio_files.clip().resample(24_000).pcm16()

    @pytest.mark.parametrize(("channels", "rate"), [(8, 16_000), (1, 8_000), (1, 192_000)])
    def test_takes_what_lies_just_within_the_limits(self, channels: int, rate: int) -> None:
        found = decode_untrusted(
            audio_files.wav(bytes(2 * channels * rate), channels=channels, rate=rate)
        )

        assert (found.channels, found.rate, found.seconds) == (channels, rate, 1.0)
        assert found.sound.rate == min(rate, 48_000)

    def test_takes_exactly_five_minutes(self) -> None:
        assert decode_untrusted(audio_files.wav(bytes(2 * 8_000 * 300), rate=8_000)).seconds == 300

    def test_takes_a_wav_written_to_a_pipe(self) -> None:
        assert (
            decode_untrusted(audio_files.wav(bytes(2 * 8_000), rate=8_000, size=0xFFFFFFFF)).seconds
            == 1
        )

    def test_takes_a_flac_written_to_a_pipe(self) -> None:
        found = decode_untrusted(audio_files.with_declared_samples(audio_files.encoded("flac"), 0))

        assert found.seconds == pytest.approx(audio_files.clip().seconds)

    def test_turns_a_float_file_that_overshoots_down_to_full_scale(self) -> None:
        loud = audio_files.wav((3 * audio_files.tone()).tobytes(), bits=32, kind=3)

        assert np.abs(decode_untrusted(loud).sound.samples).max() == 1.0


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "empty"),
            (audio_files.wav(b""), "empty"),
            (np.random.default_rng(0).bytes(50_000), "unknown_format"),
            (bytes(50_000), "unknown_format"),
            (b"#EXTM3U\nfile:///etc/passwd\n", "unknown_format"),
            (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "unknown_format"),
            (b"OggS", "unknown_format"),
            (b"FORM\0\0\0\0AIFF", "unknown_format"),
            (b"RIFF\0\0\0\0WAVE", "truncated"),
            (audio_files.wav(bytes(65_535 * 2), channels=65_535), "too_many_channels"),
            (audio_files.wav(bytes(9 * 2 * 100), channels=9), "too_many_channels"),
            (audio_files.wav(bytes(100), channels=0), "unreadable"),
            (audio_files.wav(bytes(100), rate=0), "bad_rate"),
            (audio_files.wav(bytes(100), rate=7_999), "bad_rate"),
            (audio_files.wav(bytes(100), rate=192_001), "bad_rate"),
            (audio_files.wav(bytes(100), rate=4_000_000_000), "bad_rate"),
            (audio_files.wav(bytes(2 * 8_000 * 300 + 2), rate=8_000), "too_long"),
            (audio_files.wav(bytes(8_000), bits=4, kind=2), "inner_codec"),
            (
                audio_files.wav(np.full(8_000, np.nan, "<f4").tobytes(), bits=32, kind=3),
                "unreadable",
            ),
            (
                audio_files.wav(np.full(8_000, np.inf, "<f4").tobytes(), bits=32, kind=3),
                "unreadable",
            ),
            (audio_files.wav(np.full(8_000, 1e30, "<f4").tobytes(), bits=32, kind=3), "unreadable"),
            (b"ID3\x04\0\0\0\0\0\x10" + np.random.default_rng(1).bytes(50_000), "unreadable"),
            (b"\xff\xfb\x90\x64" + np.random.default_rng(2).bytes(50_000), "unreadable"),
        ],
    )
    def test_name_what_is_wrong(self, data: bytes, reason: str) -> None:
        assert reason_of(data) == reason

    @pytest.mark.parametrize("share", [0.5, 0.9])
    @pytest.mark.parametrize("codec", audio_files.CODECS)
    def test_notice_a_file_that_was_cut_off(self, codec: str, share: float) -> None:
        data = audio_files.encoded(codec)

        assert reason_of(data[: int(len(data) * share)]) in {"truncated", "unreadable"}

    @pytest.mark.parametrize("codec", audio_files.CODECS)
    def test_notice_a_file_of_which_only_the_header_is_left(self, codec: str) -> None:
        assert reason_of(audio_files.encoded(codec)[:44]) in {"truncated", "empty", "unreadable"}

    @pytest.mark.parametrize("codec", ["mp3", "flac", "ogg", "opus"])
    def test_notice_a_scratched_file(self, codec: str) -> None:
        assert reason_of(audio_files.scratched(audio_files.encoded(codec))) in {
            "truncated",
            "unreadable",
            "unknown_format",
        }

    def test_stop_ten_hours_of_silence_by_its_header(self) -> None:
        assert reason_of(audio_files.silent_flac(36_000)) == "too_long"

    def test_stop_ten_hours_of_silence_whose_header_says_nothing(self) -> None:
        assert (
            reason_of(audio_files.with_declared_samples(audio_files.silent_flac(36_000), 0))
            == "too_long"
        )

    def test_stop_ten_hours_of_silence_whose_header_says_one_second(self) -> None:
        assert (
            reason_of(audio_files.with_declared_samples(audio_files.silent_flac(36_000), 8_000))
            == "unreadable"
        )

    def test_stop_a_flac_that_promises_twice_what_it_has(self) -> None:
        data = audio_files.encoded("flac")
        declared = int.from_bytes(data[18:26], "big") & (2**36 - 1)

        assert reason_of(audio_files.with_declared_samples(data, 2 * declared)) in {
            "truncated",
            "unreadable",
        }

    def test_stop_a_file_over_the_limit_of_its_caller(self) -> None:
        with pytest.raises(UnreadableAudio) as caught:
            decode_untrusted(audio_files.wav(bytes(2**16)), most_bytes=2**16)

        assert caught.value.reason == "too_large"


class TestChild:
    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replace]:
        """Put another program in the decoder's place."""
        built: list[Sandbox] = []

        def replace_decoder(body: str, **limits: float) -> None:
            # A test names limits that exist.
            more = replace(decoding._SANDBOX.limits, **limits)  # type: ignore[arg-type]
            built.append(build_sandbox(tmp_path, body, limits=more))
            monkeypatch.setattr(decoding, "_SANDBOX", built[-1])

        yield replace_decoder

        for sandbox in built:
            sandbox.close()

    def test_has_limits(self) -> None:
        limits = decoding._SANDBOX.limits

        assert (limits.memory, limits.cpu_seconds, limits.seconds) == (2**30, 20, 30)
        assert decoding._SANDBOX.program == Path(decoding.__file__).with_name("decoder_child.py")

    def test_is_killed_when_it_overstays(self, place: Replace) -> None:
        place("time.sleep(60)", seconds=0.5)

        assert reason_of(audio_files.encoded("wav")) == "unreadable"

    def test_that_dies_midway_means_an_unreadable_file(self, place: Replace) -> None:
        place("os.abort()")

        assert reason_of(audio_files.encoded("wav")) == "unreadable"

    def test_that_never_began_says_nothing_about_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sandbox = build_sandbox(tmp_path, "", load="raise SystemExit(1)")
        monkeypatch.setattr(decoding, "_SANDBOX", sandbox)

        with pytest.raises(decoding.DecoderUnavailable):
            decode_untrusted(audio_files.encoded("wav"))
