"""`manage.py watermark` with audiowmark's scheme: marking, reading, keys of the program's form,
giving keys away.
"""

from __future__ import annotations

import stat
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command

from accounts.models import Organisation
from provenance.clips import watermark_keys
from tests.conftest import NOON
from tests.support.audiowmark_vectors import DATA, MESSAGE
from tests.support.watermark_speech import NAMES, clip
from tests.watermark.speech.test_command import run
from transparency_log.models import Body
from watermark.audiowmark import key_files

# The folder's other tests need no people, so these fixtures are named here.
pytest_plugins = ("tests.fixtures.organisations",)

MARKED = DATA / "mono24_30.marked.flac"
TOKEN_HEX = "00112233445566778899aabbccddeeff"


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen seconds in a file."""
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    samples = np.concatenate([clip(name).samples for name in NAMES])[: 16 * 16_000]
    soundfile.write(path, samples, 16_000)
    return path


@pytest.fixture(scope="module")
def marked(speech: Path) -> Path:
    """The same with a mark."""
    path = speech.with_name("marked.wav")
    call_command(
        "watermark",
        "embed",
        "--scheme",
        "audiowmark",
        "--token",
        TOKEN_HEX,
        str(speech),
        str(path),
        stdout=StringIO(),
    )
    return path


class TestEmbed:
    @pytest.mark.parametrize("suffix", ["wav", "mp3"])
    def test_writes_what_detect_reads(
        self, suffix: str, speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / f"marked.{suffix}"
        code, (line,), _ = run(
            capsys, "embed", "--scheme", "audiowmark", "--token", TOKEN_HEX.upper(), speech, out
        )
        assert (code, line["scheme"], line["strength"]) == (0, "audiowmark", 15)
        code, (line,), _ = run(capsys, "detect", "--scheme", "audiowmark", out)
        assert (code, line["token"], line["scheme"]) == (0, TOKEN_HEX, "audiowmark")

    def test_writes_beneath_ours_too(
        self, marked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        both = tmp_path / "both.wav"
        run(capsys, "embed", "--token", "00c0ffee", marked, both)
        _, (line,), _ = run(capsys, "detect", both)
        assert (line["token"], line["scheme"], line.get("also")) == (
            "00c0ffee",
            "sayso-speech/1",
            None,
        )
        _, (line,), _ = run(capsys, "detect", "--every-scheme", both)
        assert (line["token"], line["scheme"]) == ("00c0ffee", "sayso-speech/1")
        assert [(found["token"], found["scheme"]) for found in line["also"]] == [
            (TOKEN_HEX, "audiowmark")
        ]

    def test_refuses_a_clip_that_is_too_short(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        short, out = tmp_path / "short.wav", tmp_path / "out.wav"
        soundfile.write(short, clip(seconds=1.0).samples, 16_000)
        code, (line,), _ = run(
            capsys, "embed", "--scheme", "audiowmark", "--token", TOKEN_HEX, short, out
        )
        assert (code, "not_read_back" in line["error"], out.exists()) == (1, True, False)

    @pytest.mark.parametrize("token", ["00c0ffee", TOKEN_HEX[:-1], TOKEN_HEX + "0", "x" * 32])
    def test_wants_a_token_of_the_scheme(
        self, token: str, speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _, error = run(
            capsys, "embed", "--scheme", "audiowmark", "--token", token, speech, tmp_path / "o.wav"
        )
        assert (code, "32 hexadecimal digits" in error) == (2, True)


class TestDetect:
    def test_reads_the_program_s_file_with_its_key_file(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, (line,), _ = run(capsys, "detect", "--key-file", DATA / "vectors.key", MARKED)
        assert (code, line["token"], line["scheme"]) == (0, MESSAGE, "audiowmark")
        assert "also" not in line

    @pytest.mark.parametrize(
        "options", [["--key-file", str(DATA / "wrong.key")], ["--scheme", "sayso-speech/1"], []]
    )
    def test_reads_nothing_with_another_key_or_scheme(
        self, options: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, (line,), _ = run(capsys, "detect", *options, MARKED)
        assert (code, line["token"], line["score"]) == (0, None, 0.0)

    def test_names_the_line_of_a_bad_key_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        bad = tmp_path / "bad.key"
        bad.write_text("# a key\ncolour blue\n", encoding="ascii")
        code, _, error = run(capsys, "detect", "--key-file", bad, MARKED)
        assert (code, "line 2" in error) == (2, True)


class TestExportKey:
    def test_gives_the_command_line_s_own(
        self, marked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "own.key"
        _export(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        capsys.readouterr()
        _, (line,), _ = run(capsys, "detect", "--key-file", file, marked)
        assert line["token"] == TOKEN_HEX

    @pytest.mark.django_db(transaction=True)
    def test_gives_an_organisation_s_and_logs_it(self, acme: Organisation, tmp_path: Path) -> None:
        watermark_keys.get_current_key(acme.id, at=NOON)
        file, before = tmp_path / "acme.key", Body.objects.count()
        _export(file, "--organisation", acme.id)
        assert key_files.read_key_file(file) == key_files.AudiowmarkKey(
            secret=watermark_keys.derive_audiowmark_key(acme.id, NOON.year, at=NOON)[:16],
            name=f"{acme.id}|{NOON.year}",
        )
        assert Body.objects.count() == before + 1

    @pytest.mark.django_db(transaction=True)
    def test_gives_none_of_a_year_without_marks(self, acme: Organisation, tmp_path: Path) -> None:
        watermark_keys.get_current_key(acme.id, at=NOON)
        with pytest.raises(CommandError):
            _export(tmp_path / "acme.key", "--organisation", acme.id, "--epoch", "1999")
        assert not (tmp_path / "acme.key").exists()

    def test_takes_a_year_for_an_organisation_alone(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="--organisation") as refused:
            _export(tmp_path / "own.key", "--epoch", "2026")
        assert (refused.value.returncode, (tmp_path / "own.key").exists()) == (2, False)

    def test_overwrites_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / "own.key"
        file.write_text("mine", encoding="ascii")
        with pytest.raises(CommandError):
            _export(file)
        assert file.read_text(encoding="ascii") == "mine"


def _export(file: Path, *words: str) -> None:
    call_command("watermark", "export-key", "--scheme", "audiowmark", str(file), *words)
