"""Foreign files: what is read, what is refused and why, and that the child is limited."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from audio import decoding
from audio.containers import REASONS, Container, UnreadableAudio
from audio.decoding import decode_untrusted
from tests.support import audio_files


def reason_of(data: bytes) -> str:
    with pytest.raises(UnreadableAudio) as caught:
        decode_untrusted(data)
    assert caught.value.stable_code == "audio_unreadable"
    assert caught.value.facts == {"reason": caught.value.reason}
    assert caught.value.detail == REASONS[caught.value.reason]
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

    def test_averages_the_channels(self) -> None:
        left, right = np.full(16_000, 8000, "<i2"), np.full(16_000, -4000, "<i2")

        found = decode_untrusted(
            audio_files.wav(np.stack([left, right], axis=1).tobytes(), channels=2)
        )

        assert found.channels == 2
        assert found.sound.samples == pytest.approx(2000 / 32768)

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
            (audio_files.wav(bytes(8_000), bits=4, kind=2), "unreadable"),
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


CHILD = Path(decoding.__file__).with_name("decoder_child.py")


def in_the_child(code: str) -> subprocess.CompletedProcess[str]:
    """What the code may do when it stands where the decoder stands in its own command."""
    assert str(CHILD) in decoding._COMMAND
    with tempfile.NamedTemporaryFile("w", suffix=".py") as probe:
        probe.write(code)
        probe.flush()
        words = [probe.name if word == str(CHILD) else word for word in decoding._COMMAND]
        return subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)


def children() -> set[str]:
    """The processes that this one has started and not yet collected.

    A thread may end while it is being asked.
    """
    found: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found |= set((task / "children").read_text().split())
    return found


class TestChild:
    def test_may_not_write_files(self, tmp_path: Path) -> None:
        target = tmp_path / "x"

        done = in_the_child(f"open({str(target)!r}, 'wb', 0).write(b'x')")

        assert "File too large" in done.stderr
        assert target.stat().st_size == 0

    def test_may_not_take_a_gigabyte(self) -> None:
        assert "MemoryError" in in_the_child("bytearray(2**30)").stderr

    def test_may_not_open_many_files(self) -> None:
        assert (
            "Too many open files"
            in in_the_child("f = [open('/dev/null') for _ in range(99)]").stderr
        )

    def test_may_not_compute_for_ever(self) -> None:
        assert (
            in_the_child("import resource; print(resource.getrlimit(resource.RLIMIT_CPU))").stdout
            == "(20, 20)\n"
        )

    def test_sees_nothing_of_the_service(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SAYSO_SECRET_KEY", "a secret that the decoder has no use for")
        spy = (
            "import os, sys; sys.stdout.write('R' + str(sorted(os.environ)) + os.getcwd() + '\\n')"
        )
        monkeypatch.setattr(decoding, "_COMMAND", (sys.executable, "-I", "-c", spy))

        seen = decoding._run_decoder(b"")

        assert b"SAYSO" not in seen
        assert b"PATH" not in seen
        assert seen.endswith(b"/\n")

    def test_is_killed_when_it_overstays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sleeper = "import sys, time; sys.stdout.write('R'); sys.stdout.flush(); time.sleep(60)"
        monkeypatch.setattr(decoding, "_COMMAND", (sys.executable, "-I", "-c", sleeper))
        monkeypatch.setattr(decoding, "WALL_SECONDS", 1)

        assert reason_of(audio_files.encoded("wav")) == "unreadable"

    def test_that_dies_midway_means_an_unreadable_file(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        crash = "import os, sys; sys.stdout.write('R'); sys.stdout.flush(); os.abort()"
        monkeypatch.setattr(decoding, "_COMMAND", (sys.executable, "-I", "-c", crash))

        assert reason_of(audio_files.encoded("wav")) == "unreadable"

    def test_that_never_began_says_nothing_about_the_file(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            decoding, "_COMMAND", (sys.executable, "-I", "-c", "raise SystemExit(1)")
        )

        with pytest.raises(decoding.DecoderUnavailable):
            decode_untrusted(audio_files.encoded("wav"))

    def test_leaves_no_zombie(self) -> None:
        before = children()

        decode_untrusted(audio_files.encoded("flac"))

        assert children() <= before

    def test_names_every_format_that_is_read_here(self) -> None:
        named = (
            REASONS["unknown_format"]
            .partition("(")[2]
            .rstrip(").")
            .replace(" and ", ", ")
            .split(", ")
        )
        assert sorted(named) == sorted(Container)  # with the extra, as tests run

    def test_reads_m4a_only_where_the_extra_is_installed(self) -> None:
        hidden = (
            f"import sys; sys.modules['av'] = None; sys.path.insert(0, {str(CHILD.parent)!r}); "
            "import decoder_child as child\n"
        )
        code = (
            "try:\n    child._read_with_ffmpeg({'container': 'm4a'}, b'')\n"
            "except child.UnreadableFile as e: print(e)"
        )

        assert in_the_child(hidden + code).stdout == "unknown_format\n"
