"""The sandbox's life: a template is loaded once, a child lives for one order, faults stay in it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audio.sandbox import template_client
from audio.sandbox.template_client import ChildFailed, Limits, Sandbox
from tests.support.sandbox_programs import build_sandbox

Build = Callable[..., Sandbox]
COUNT = "sys.modules['count'] = [0]"
ECHO = "sink.write(source.read()[::-1])"


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    built: list[Sandbox] = []

    def build_one(body: str, *, load: str = "", limits: Limits | None = None) -> Sandbox:
        more = {"limits": limits} if limits else {}
        built.append(build_sandbox(tmp_path, body, load=load, **more))
        return built[-1]

    yield build_one

    for sandbox in built:
        sandbox.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestRun:
    def test_hands_over_the_order_and_what_is_foreign(self, build: Build) -> None:
        sandbox = build("sink.write(json.dumps(order).encode() + source.read()[::-1])")

        assert sandbox.run({"a": [1]}, b"foreign") == b'{"a": [1]}ngierof'

    def test_moves_megabytes_both_ways(self, build: Build) -> None:
        sandbox = build(ECHO, limits=Limits(most_out=2**24))
        data = os.urandom(2**23)

        assert sandbox.run({}, data) == data[::-1]

    def test_reads_no_more_than_the_limit(self, build: Build) -> None:
        sandbox = build("sink.write(bytes(2**20))", limits=Limits(most_out=1000))

        assert len(sandbox.run({})) == 1000

    def test_loads_once_and_forgets_each_order(self, build: Build) -> None:
        sandbox = build(
            "count = sys.modules['count']; count[0] += 1; sink.write(str(count[0]).encode())",
            load=COUNT,
        )

        assert [sandbox.run({}) for _ in range(3)] == [b"1", b"1", b"1"]

    def test_lets_a_child_refuse_what_it_has_not_read(self, build: Build) -> None:
        sandbox = build("sink.write(b'no')")

        assert sandbox.run({}, bytes(2**23)) == b"no"

    def test_serves_threads_side_by_side(self, build: Build) -> None:
        sandbox = build("time.sleep(0.2); sink.write(source.read())")
        sandbox.run({})
        answers: list[bytes] = []
        threads = [
            threading.Thread(target=lambda n=n: answers.append(sandbox.run({}, b"%d" % n)))
            for n in range(8)
        ]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(answers) == [b"%d" % n for n in range(8)]


class TestFaults:
    def test_a_child_that_dies_leaves_half_an_answer_and_the_template(self, build: Build) -> None:
        sandbox = build(
            "sink.write(b'half'); sink.flush()\n"
            "if source.read(): import ctypes; ctypes.string_at(0)\n"
        )
        assert sandbox.run({}) == b"half"
        template = sandbox.template_pid

        assert sandbox.run({}, b"die") == b"half"
        assert sandbox.template_pid == template
        assert sandbox.run({}) == b"half"

    def test_a_child_that_overstays_is_ended(self, build: Build) -> None:
        sandbox = build("time.sleep(60)", limits=Limits(seconds=0.3, most_out=10))
        sandbox.run({})

        started = time.monotonic()

        assert sandbox.run({}) == b""
        assert time.monotonic() - started < 5

    @pytest.mark.parametrize("wait", ["pass", "time.sleep(1)"], ids=["busy", "asleep"])
    def test_a_child_cannot_put_its_end_off(self, build: Build, wait: str) -> None:
        sandbox = build(
            "sink.write(str(os.getpid()).encode()); sink.flush()\n"
            "for act in (\n"
            "    lambda: signal.signal(signal.SIGALRM, signal.SIG_IGN),\n"
            "    lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM}),\n"
            "    lambda: signal.setitimer(signal.ITIMER_REAL, 0),\n"
            "):\n"
            "    try: act()\n"
            "    except OSError: pass\n"
            f"while True: {wait}\n",
            load="import signal; globals().update(signal=signal)",
            limits=Limits(seconds=0.5, cpu_seconds=20, most_out=10),
        )
        sandbox.run({})
        started = time.monotonic()

        child = int(sandbox.run({}))

        assert time.monotonic() - started < 5
        wait_until(lambda: not is_alive(child))

    def test_a_child_ends_though_who_started_the_service_ignores_alarms(self, build: Build) -> None:
        before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        try:
            sandbox = build("time.sleep(60)", limits=Limits(seconds=0.3, most_out=10))
            sandbox.run({})
            started = time.monotonic()
            assert sandbox.run({}) == b""
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
            signal.signal(signal.SIGALRM, before)

        assert time.monotonic() - started < 5

    def test_a_child_may_not_take_more_memory(self, build: Build) -> None:
        sandbox = build(
            "try: bytearray(2**30)\nexcept MemoryError: sink.write(b'refused')",
            limits=Limits(memory=2**29, most_out=10),
        )

        assert sandbox.run({}) == b"refused"

    def test_a_template_that_was_killed_is_started_again(self, build: Build) -> None:
        sandbox = build(ECHO)
        sandbox.run({})
        assert sandbox.template_pid
        os.kill(sandbox.template_pid, signal.SIGKILL)

        assert sandbox.run({}, b"ab") == b"ba"

    def test_a_call_outlives_its_template(self, build: Build) -> None:
        sandbox = build("time.sleep(0.5); sink.write(source.read())")
        sandbox.run({})
        template = sandbox.template_pid
        assert template
        killer = threading.Timer(0.2, os.kill, (template, signal.SIGKILL))
        killer.start()

        assert sandbox.run({}, b"whole") == b"whole"
        killer.join()

    def test_a_program_that_cannot_load_is_told(self, build: Build) -> None:
        sandbox = build("", load="raise ImportError")

        with pytest.raises(ChildFailed):
            sandbox.run({})

    def test_an_interpreter_that_is_missing_is_told(
        self, build: Build, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sandbox = build(ECHO)
        monkeypatch.setattr("sys.executable", "/nonexistent/python")
        with pytest.raises(ChildFailed):
            sandbox.run({})

        monkeypatch.undo()
        assert sandbox.run({}, b"ab") == b"ba"

    def test_a_program_that_is_missing_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ChildFailed):
            Sandbox(tmp_path / "missing.py", Limits(most_out=1)).run({})


class TestStartingAhead:
    def test_loads_each_program_before_the_first_file_and_tells_which_cannot(
        self,
        build: Build,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        first, broken = build(ECHO), Sandbox(tmp_path / "missing.py", Limits(most_out=1))
        absent = Sandbox(first.program, first.limits, is_installed=False)
        monkeypatch.setattr(template_client, "_all", {first, broken, absent})

        template_client.start_templates().join()

        ready, began = first.template_pid, time.monotonic()
        assert first.run({}, b"ab") == b"ba"
        assert time.monotonic() - began < 1
        assert first.template_pid == ready is not None
        assert absent.template_pid is None
        assert caplog.messages == ["a program of the sandbox cannot be loaded"]

    def test_is_no_hindrance_to_a_file_that_comes_before_it_is_loaded(self, build: Build) -> None:
        sandbox = build(ECHO, load="time.sleep(0.5)")
        starter = threading.Thread(target=sandbox.start)
        starter.start()
        wait_until(lambda: sandbox.template_pid is not None)
        early = sandbox.template_pid

        assert sandbox.run({}, b"ab") == b"ba"

        starter.join()
        assert sandbox.start()
        assert sandbox.template_pid == early


class TestProcesses:
    def test_leave_no_zombie(self, build: Build) -> None:
        sandbox = build("sink.write(str(os.getpid()).encode())")
        child = int(sandbox.run({}))
        template = sandbox.template_pid
        assert template

        wait_until(lambda: not is_alive(child))
        sandbox.close()

        assert not is_alive(template)

    def test_see_nothing_of_the_service(
        self, build: Build, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SAYSO_SECRET_KEY", "a secret that a decoder has no use for")
        sandbox = build(
            "sink.write(json.dumps(seen).encode())",
            load="global seen; seen = [sorted(os.environ), os.getcwd(), sys.path[0]]",
        )

        seen = sandbox.run({})

        assert b"SAYSO" not in seen
        assert b"PATH" not in seen
        assert b'"/"' in seen
        assert str(Path.cwd()).encode() not in seen

    def test_are_not_shared_with_a_fork(self, build: Build) -> None:
        sandbox = build(ECHO)
        sandbox.run({})
        parents = sandbox.template_pid

        fork = os.fork()
        if fork == 0:
            fine = sandbox.run({}, b"ab") == b"ba" and sandbox.template_pid != parents
            sandbox.close()
            os._exit(0 if fine else 1)

        assert os.waitpid(fork, 0)[1] == 0
        assert sandbox.run({}, b"ab") == b"ba"
        assert sandbox.template_pid == parents

    def test_end_with_the_service(self, build: Build) -> None:
        sandbox = build("")

        fork = os.fork()
        if fork == 0:
            sandbox.run({})
            # Killed, as by the kernel when memory is short: nothing is closed in order.
            Path(os.fspath(sandbox.program) + ".pid").write_text(str(sandbox.template_pid))
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(fork, 0)

        template = int(Path(os.fspath(sandbox.program) + ".pid").read_text())
        wait_until(lambda: not is_alive(template))
