"""`manage.py watermark`: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command

from tests.support.watermark_speech import AUDIO

SPEECH = AUDIO / "librivox-austen-0930.wav"
ROOT = Path(__file__).resolve().parents[3]


def run(
    capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, JSON lines of stdout, stderr."""
    try:
        call_command("watermark", *map(str, words), "--json")
        code: object = 0
    except SystemExit as ended:
        code = ended.code
    except CommandError as error:
        return error.returncode, [], str(error)
    out, err = capsys.readouterr()
    assert isinstance(code, int)
    return code, [json.loads(line) for line in out.splitlines()], err


class TestEmbed:
    @pytest.mark.parametrize("suffix", ["wav", "mp3", "flac", "ogg", "opus"])
    def test_writes_what_detect_reads(
        self, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / f"marked.{suffix}"
        code, (line,), _ = run(capsys, "embed", "--token", "00c0ffee", SPEECH, out)
        assert (code, line["token"], line["out"]) == (0, "00c0ffee", str(out))
        code, (line,), _ = run(capsys, "detect", out)
        assert code == 0
        assert list(line)[:4] == ["file", "token", "score", "scheme"]
        assert (line["file"], line["token"], line["scheme"]) == (
            str(out),
            "00c0ffee",
            "sayso-speech/1",
        )
        assert [path.name for path in tmp_path.glob(".*.part")] == []

    def test_goes_on_past_failures(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        good = {"in": str(SPEECH), "out": str(tmp_path / "a.wav"), "token": "00000001"}
        orders: list[object] = [
            {**good, "in": str(tmp_path / "nowhere.wav")},
            {**good, "token": "xyz"},
            {**good, "out": str(tmp_path / "a.txt")},
            {"in": 7},
            ["no", "object"],
            good,
        ]
        lines = [json.dumps(order) for order in orders]
        listed = tmp_path / "list.jsonl"
        listed.write_text("\n".join(["{broken", *lines]) + "\n", encoding="utf-8")
        code, answers, _ = run(capsys, "embed", "--batch", listed)
        assert code == 1
        assert ["error" in answer for answer in answers] == [True] * 6 + [False]
        assert (tmp_path / "a.wav").exists()

    def test_writes_nothing_when_the_clip_cannot_be_marked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        silent, out = tmp_path / "silent.wav", tmp_path / "out.wav"
        data = SPEECH.read_bytes()
        silent.write_bytes(data[:44] + bytes(len(data) - 44))
        code, (line,), _ = run(capsys, "embed", "--token", "00000001", silent, out)
        assert code == 1
        assert "silent" in line["error"]
        assert not out.exists()


class TestCopies:
    """The command marks what it is told: anyone who marks a sound several times must give it one
    token.
    """

    def mean_of(
        self, tokens: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> tuple[int, list[dict[str, Any]], str]:
        outs = [tmp_path / f"{place}.wav" for place in range(len(tokens))]
        for token, out in zip(tokens, outs, strict=True):
            run(capsys, "embed", "--token", token, SPEECH, out)
        mean, rate = (
            np.mean([soundfile.read(out)[0] for out in outs], axis=0),
            soundfile.info(outs[0]).samplerate,
        )
        soundfile.write(tmp_path / "mean.wav", mean, rate)
        return run(capsys, "detect", tmp_path / "mean.wav")

    def test_with_one_token_keep_it_in_their_mean(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, (line,), _ = self.mean_of(["00c0ffee"] * 4, tmp_path, capsys)
        assert line["token"] == "00c0ffee"

    def test_with_tokens_of_their_own_lose_them_as_the_help_says(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A limit, stated as one."""
        tokens = [f"{index:08x}" for index in range(7, 11)]
        _, (line,), _ = self.mean_of(tokens, tmp_path, capsys)
        # Which of them survives, if any, depends on the key, and each run has one of its own.
        assert line["token"] in {None, *tokens}
        # One clip alone is read with 2.3.
        assert line["score"] < 1.2
        with pytest.raises(SystemExit):
            call_command("watermark", "embed", "--help")
        assert "average out" in " ".join(capsys.readouterr().out.split())


class TestDetect:
    def test_answers_for_every_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        broken = tmp_path / "broken.wav"
        broken.write_bytes(b"RIFF\0\0\0\0WAVEnonsense")
        code, lines, _ = run(capsys, "detect", SPEECH, broken, tmp_path / "nowhere.wav")
        assert code == 1
        assert [line["token"] for line in lines] == [None, None, None]
        assert ["error" in line for line in lines] == [False, True, True]

    def test_says_which_seconds_are_marked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "marked.wav"
        run(capsys, "embed", "--token", "00c0ffee", SPEECH, out)
        ((segment,),) = (line["segments"] for line in run(capsys, "detect", "--segments", out)[1])
        assert segment["token"] == "00c0ffee"
        assert segment["start_s"] < 0.6
        assert segment["end_s"] > 2.5

    def test_takes_only_the_key_that_marked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out, secret = tmp_path / "out.wav", tmp_path / "key"
        secret.write_text("11" * 32 + "\n", encoding="ascii")
        run(capsys, "embed", "--token", "00000001", "--key-file", secret, SPEECH, out)
        assert run(capsys, "detect", out)[1][0]["token"] is None
        assert run(capsys, "detect", "--key", "11" * 32, out)[1][0]["token"] == "00000001"


class TestCommand:
    @pytest.mark.parametrize(
        "words",
        [
            ["embed"],
            ["embed", "in.wav", "out.wav"],
            ["embed", "--token", "1234567", "in.wav", "out.wav"],
            ["embed", "--token", "00000001", "in.wav"],
            ["embed", "--batch", "nowhere.jsonl"],
            ["embed", "--batch", "nowhere.jsonl", "in.wav", "out.wav"],
            ["detect", "--key", "xyz", "a.wav"],
            ["detect", "--key", "1234", "a.wav"],
            ["detect", "--key-file", "nowhere", "a.wav"],
        ],
    )
    def test_ends_with_2_and_one_line_when_misused(
        self, words: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, lines, error = run(capsys, *words)
        assert (code, lines) == (2, [])
        assert error
        assert "\n" not in error.strip()

    def test_runs_without_a_database(self, tmp_path: Path) -> None:
        """A process of its own, an empty data folder, a database that does not answer."""
        environment = {
            **os.environ,
            "SAYSO_DATA_DIR": str(tmp_path),
            "DATABASE_URL": "postgres://nobody:none@127.0.0.1:1/none",
            "SAYSO_DEVELOPMENT": "yes",
        }
        command = [sys.executable, "manage.py", "watermark", "detect", str(SPEECH), "--json"]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["token"] is None
