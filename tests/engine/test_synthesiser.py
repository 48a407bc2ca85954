"""The child process: it answers, and when it is killed, hangs or is forked away the next call
works.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from audio.sandbox.template_client import Limits
from engine.espeak_process import (
    EngineUnavailable,
    SynthesiserProcess,
    TextNotSpeakable,
    Utterance,
)
from tests.support.sandbox_programs import build_sandbox

HELLO = Utterance(text="Hello, this is a test.", voice="gmw/en-US", rate=175, pitch=50)


@pytest.fixture
def synthesiser() -> Iterator[SynthesiserProcess]:
    made = SynthesiserProcess()
    yield made
    made.sandbox.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_child_of(template: int) -> None:
    """Wait until the template has forked for an order, and kill the child in the middle of it."""
    children = Path(f"/proc/{template}/task/{template}/children")
    while not (found := children.read_text().split()):
        pass
    # A child that is confined has begun to answer.
    status = Path(f"/proc/{found[0]}/status")
    while "Seccomp:\t2" not in status.read_text():
        pass
    os.kill(int(found[0]), signal.SIGKILL)


class TestSay:
    def test_speaks(self, synthesiser: SynthesiserProcess) -> None:
        sound = synthesiser.say(HELLO)

        assert sound is not None
        assert (sound.rate, 0.8 < sound.seconds < 3) == (22_050, True)

    def test_keeps_one_child_for_many_calls(self, synthesiser: SynthesiserProcess) -> None:
        synthesiser.say(HELLO)
        first = synthesiser.sandbox.template_pid

        synthesiser.say(HELLO)

        assert synthesiser.sandbox.template_pid == first is not None

    def test_gives_the_same_sound_for_the_same_order(self, synthesiser: SynthesiserProcess) -> None:
        first = synthesiser.say(HELLO)
        synthesiser.say(Utterance(text="Etwas anderes.", voice="gmw/de+f3", rate=140, pitch=80))
        second = synthesiser.say(HELLO)

        assert first is not None
        assert second is not None
        assert first.pcm16() == second.pcm16()

    def test_answers_none_for_a_voice_that_does_not_exist(
        self, synthesiser: SynthesiserProcess
    ) -> None:
        assert synthesiser.say(Utterance(text="x", voice="no/such", rate=175, pitch=50)) is None
        assert synthesiser.say(HELLO) is not None

    @pytest.mark.parametrize(
        "text", ["", "\x00", "<voice name='x'><break/>", "[[h@'loU]]", "%s%n", "'; rm -rf /", "🙂"]
    )
    def test_takes_any_text_as_text(self, synthesiser: SynthesiserProcess, text: str) -> None:
        assert (
            synthesiser.say(Utterance(text=text, voice="gmw/en-US", rate=175, pitch=50)) is not None
        )

    @pytest.mark.parametrize(
        "text",
        [
            "A." * 2500,
            "a.b." * 1200,
            "é." * 800,
            "Я.я." * 600,
            ("a.b." * 7 + " ") * 90,
            "a.b.c. " * 300,
        ],
    )
    def test_speaks_abbreviations_of_any_length(
        self, synthesiser: SynthesiserProcess, text: str
    ) -> None:
        sound = synthesiser.say(Utterance(text=text, voice="gmw/en-US", rate=175, pitch=50))

        assert sound is not None
        assert sound.seconds > 60

    @pytest.mark.parametrize(
        "text", ["な.,そ.," * 60, "സ..ഥ.." * 60, "कि.को." * 60, "ab.c1.." * 60]
    )
    def test_speaks_dots_that_no_space_follows(
        self, synthesiser: SynthesiserProcess, text: str
    ) -> None:
        sound = synthesiser.say(Utterance(text=text, voice="gmw/en-US", rate=400, pitch=50))

        assert sound is not None
        assert sound.seconds > 5

    @pytest.mark.parametrize("voice", ["gmw/en", "zle/ru", "sit/cmn", "sem/ar", "roa/fr"])
    def test_reads_other_scripts_with_the_dictionaries_of_their_languages(
        self, synthesiser: SynthesiserProcess, voice: str
    ) -> None:
        text = "a þ я α 你 א ا あ 한 ก ह அ ა"
        words = [Utterance(text=word, voice=voice, rate=175, pitch=50) for word in text.split()]

        sounds = [synthesiser.say(word) for word in words]

        assert all(sound is not None and sound.seconds > 0.1 for sound in sounds)

    def test_serves_threads_one_after_the_other(self, synthesiser: SynthesiserProcess) -> None:
        sounds: list[bytes] = []

        def speak() -> None:
            sound = synthesiser.say(HELLO)
            sounds.append(sound.pcm16() if sound else b"")

        threads = [threading.Thread(target=speak) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(sounds) == 8
        assert len(set(sounds)) == 1


class TestRecovery:
    def test_the_call_after_a_kill_works(self, synthesiser: SynthesiserProcess) -> None:
        synthesiser.say(HELLO)
        assert synthesiser.sandbox.template_pid
        os.kill(synthesiser.sandbox.template_pid, signal.SIGKILL)

        assert synthesiser.say(HELLO) is not None

    def test_a_call_during_which_the_child_is_killed_works(
        self, synthesiser: SynthesiserProcess
    ) -> None:
        synthesiser.say(HELLO)
        template = synthesiser.sandbox.template_pid
        assert template
        killer = threading.Thread(target=kill_child_of, args=(template,))
        killer.start()

        sound = synthesiser.say(
            Utterance(text="A rather long sentence. " * 200, voice="gmw/en", rate=80, pitch=50)
        )

        killer.join()
        assert sound is not None
        assert sound.seconds > 100
        assert synthesiser.sandbox.template_pid == template

    def test_a_killed_child_leaves_no_zombie(self, synthesiser: SynthesiserProcess) -> None:
        synthesiser.say(HELLO)
        pid = synthesiser.sandbox.template_pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        synthesiser.say(HELLO)

        assert not alive(pid)

    def test_closing_ends_the_child(self, synthesiser: SynthesiserProcess) -> None:
        synthesiser.say(HELLO)
        pid = synthesiser.sandbox.template_pid
        assert pid

        synthesiser.sandbox.close()

        assert not alive(pid)

    @pytest.mark.parametrize("body", ["os.abort()", "time.sleep(60)", "sink.write(b'{}')"])
    def test_a_text_that_ends_two_children_is_refused(
        self, synthesiser: SynthesiserProcess, tmp_path: Path, body: str
    ) -> None:
        limits = Limits(seconds=0.5, most_out=1000)
        synthesiser.sandbox = build_sandbox(tmp_path, body, limits=limits)

        with pytest.raises(TextNotSpeakable) as caught:
            synthesiser.say(HELLO)

        assert [(fault.code, fault.attr) for fault in caught.value.faults] == [
            ("text_not_speakable", "text")
        ]
        assert not caught.value.retryable

    def test_a_child_that_cannot_start_is_an_engine_that_is_down(
        self, synthesiser: SynthesiserProcess, tmp_path: Path
    ) -> None:
        synthesiser.sandbox = build_sandbox(tmp_path, "", load="raise OSError")

        with pytest.raises(EngineUnavailable) as caught:
            synthesiser.say(HELLO)

        assert caught.value.retryable

    def test_the_library_never_enters_the_service(self, synthesiser: SynthesiserProcess) -> None:
        synthesiser.say(HELLO)

        assert "espeakng_loader" not in sys.modules
        with open("/proc/self/maps", encoding="utf-8") as maps:  # noqa: PTH123  # a file of the kernel
            assert "espeak" not in maps.read()
