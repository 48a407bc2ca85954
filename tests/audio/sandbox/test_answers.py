"""What a child that was taken over answers: none of it is believed, and none of it is an error of
the service.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any, Final

import pytest

from audio import decoding
from audio.containers import UnreadableAudio
from audio.sandbox.template_client import Sandbox
from engine.espeak_process import (
    EngineUnavailable,
    SynthesiserProcess,
    TextNotSpeakable,
    Utterance,
)
from provenance.c2pa import manifest_reader
from provenance.c2pa.manifest_reader import ManifestState
from tests.support import audio_files

Answer = Callable[[bytes], None]

NO_ANSWERS: Final = (
    b"",
    b"\n",
    b"{",
    b"[]\n",
    b"7\n",
    b"null\n",
    b'"error"\n',
    b"\xff\xfe\n",
    b"[" * 100_000 + b"\n",
    b'{"a":' * 20_000 + b"\n",
    b"1" * 10_000 + b"\n",
    b'{"rate": NaN}\n',
    b"a" * 2**19 + b"\n",
    b'{"error": []}\n',
    b'{"error": {}}\n',
)
"""What is no object of JSON on one line, or no error of ours."""


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Has every child answer these bytes."""

    def set_answer(output: bytes) -> None:
        monkeypatch.setattr(Sandbox, "run", lambda *_args: output)

    return set_answer


class TestADecoder:
    GOOD: Final = {
        "rate": 8000, "source_rate": 8000, "channels": 1, "frames": 800, "declared": 800,
        "cut": 0, "unread": 0,
        "others": [],
    }  # fmt: skip
    SOUND: Final = bytes(3200)

    def decode(self) -> decoding.DecodedFile:
        return decoding.decode_untrusted(audio_files.encoded("wav"))

    def test_is_believed_when_it_says_what_ours_says(self, answer: Answer) -> None:
        answer(json.dumps(self.GOOD).encode() + b"\n" + self.SOUND)

        assert self.decode().sound.seconds == 0.1

    @pytest.mark.parametrize("output", NO_ANSWERS)
    def test_that_answers_nothing_read_nothing(self, answer: Answer, output: bytes) -> None:
        answer(output)

        with pytest.raises(UnreadableAudio):
            self.decode()

    @pytest.mark.parametrize(
        "lie",
        [
            {"rate": 0}, {"rate": -1}, {"rate": "8000"}, {"rate": 8000.0}, {"rate": True},
            {"rate": 10**30}, {"rate": None}, {"source_rate": 0}, {"source_rate": 2**31},
            {"channels": 0}, {"channels": 10**6}, {"frames": -1}, {"frames": 10**12},
            # A long sound that would be counted as a short one, and the other way round.
            {"frames": 1}, {"frames": 80_000},
            {"others": None}, {"others": 7}, {"others": [0]}, {"others": [-5]}, {"others": [1e3]},
            {"others": ["1"]}, {"others": [[1]]}, {"others": [10**12]}, {"others": [1] * 2000},
            {"declared": "all"}, {"declared": 10**40}, {"cut": 2}, {"unread": -1},
        ],
        ids=str,
    )  # fmt: skip
    def test_that_lies_about_a_file_is_not_believed(
        self, answer: Answer, lie: dict[str, Any]
    ) -> None:
        answer(json.dumps({**self.GOOD, **lie}).encode() + b"\n" + self.SOUND)

        with pytest.raises(UnreadableAudio):
            self.decode()

    @pytest.mark.parametrize("sample", [float("nan"), float("inf"), -float("inf"), 1e30, -1e30])
    def test_that_sends_what_is_no_sound_is_not_believed(
        self, answer: Answer, sample: float
    ) -> None:
        sound = self.SOUND[:-4] + struct.pack("<f", sample)
        answer(json.dumps(self.GOOD).encode() + b"\n" + sound)

        with pytest.raises(UnreadableAudio):
            self.decode()


class TestAReaderOfManifests:
    GOOD: Final = {
        "state": "Trusted", "active": "urn:c2pa:1", "serial": "1", "sources": [], "ingredients": [],
        "codes": [], "bindings": [],
    }  # fmt: skip

    def read(self) -> ManifestState:
        return manifest_reader._parse_answer(Sandbox.run(None, {})).state  # type: ignore[arg-type]  # replaced

    @pytest.mark.parametrize("output", NO_ANSWERS)
    def test_that_answers_nothing_read_nothing(self, answer: Answer, output: bytes) -> None:
        answer(output)

        assert self.read() is ManifestState.UNREADABLE

    @pytest.mark.parametrize(
        "lie",
        [
            {"state": []}, {"state": {}}, {"serial": []}, {"serial": 7}, {"active": None},
            {"active": "a" * 2**16}, {"sources": None}, {"sources": [7]}, {"sources": ["a"] * 1000},
            {"ingredients": {}}, {"codes": "codes"}, {"bindings": [7]}, {"bindings": [{}]},
            {"bindings": [{"alg": [], "value": ""}]}, {"bindings": [{"alg": "a"}]},
        ],
        ids=str,
    )  # fmt: skip
    def test_that_lies_about_a_file_is_not_believed(
        self, answer: Answer, lie: dict[str, Any]
    ) -> None:
        answer(json.dumps({**self.GOOD, **lie}).encode() + b"\n")

        assert self.read() is ManifestState.UNREADABLE


class TestASynthesiser:
    ORDER: Final = Utterance(text="Hello.", voice="gmw/en", rate=175, pitch=50)

    @pytest.mark.parametrize(
        "output",
        [
            *(one for one in NO_ANSWERS if not one.startswith(b'{"error')),
            b'{"bytes": 3}\nabc',
            b'{"bytes": 4}\nab',
            b'{"bytes": "2"}\nab',
            b'{"bytes": null}\n',
        ],
    )
    def test_that_answers_nothing_spoke_nothing(self, answer: Answer, output: bytes) -> None:
        answer(output)

        with pytest.raises(TextNotSpeakable):
            SynthesiserProcess().say(self.ORDER)

    @pytest.mark.parametrize(
        "voices", [None, 7, "ab", [7], [["en"]], [["en", 7]], [["en", "a", "b"]], {"en": "a"}]
    )
    def test_that_lists_no_voices_is_unavailable(self, answer: Answer, voices: object) -> None:
        answer(json.dumps({"voices": voices}).encode() + b"\n")

        with pytest.raises(EngineUnavailable):
            SynthesiserProcess().list_voices()
