"""Only the gate makes permits, and there is no way to a provider but through the gate."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import source

MAKES_AUDIO = {"speak", "clone", "stream"}
THE_WAYS = {
    ("voices/speech/pipeline.py", "synthesize_clip"), ("voices/cloning.py", "clone_voice"),
    ("voices/speech/streaming/session.py", "_prepare_stream"),
}  # fmt: skip


def imports(path: Path) -> set[str]:
    """Every module, and every name of a module, that the file imports."""
    found: set[str] = set()
    for node in ast.walk(source.tree(path)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def importers(module: str) -> set[str]:
    """The files outside of the module's own folder that import it or something in it."""
    home = module.replace(".", "/")
    files = (path for path in source.files() if not source.name(path).startswith(home))
    return {
        source.name(path)
        for path in files
        if any(f"{name}.".startswith(f"{module}.") for name in imports(path))
    }


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(source.tree(path)) if isinstance(node, ast.FunctionDef))


def lines_of(function: ast.FunctionDef, receiver: str, names: set[str]) -> list[int]:
    """Lines on which `receiver.name(…)` or `receiver(…).name(…)` is called."""
    found = []
    for node in ast.walk(function):
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Name(id=who) | ast.Call(func=ast.Name(id=who)), attr=name
                )
            ):
                if name in names and who.startswith(receiver):
                    found.append(node.lineno)
            case _:
                pass
    return found


class TestAPermit:
    def test_is_made_by_the_gate_alone(self) -> None:
        makers = {
            source.name(path) for path in source.files() if "Permit" in dict(source.calls(path))
        }
        assert makers == {"consent/gate.py"}


class TestAProvider:
    def test_is_asked_for_audio_in_three_places_alone(self) -> None:
        askers = {
            (source.name(path), function.name)
            for path in source.files()
            for function in functions(path)
            if lines_of(function, "provider", MAKES_AUDIO)
        }
        assert askers == THE_WAYS

    def test_is_asked_after_the_gate_in_all(self) -> None:
        for path in source.files():
            for function in functions(path):
                if (source.name(path), function.name) in THE_WAYS:
                    gate, asked = (
                        lines_of(function, "gate", {"check"}),
                        lines_of(function, "provider", MAKES_AUDIO),
                    )
                    assert len(gate) == len(asked) == 1
                    assert gate[0] < asked[0]

    def test_is_confirmed_and_paid_for_in_all(self) -> None:
        for name, _ in THE_WAYS:
            called = {word for word, _ in source.calls(source.ROOT / name)}
            if "Attempt" in called:  # which gives back what does not end well
                called |= {
                    word for word, _ in source.calls(source.ROOT / "voices/speech/attempt.py")
                }
            assert called >= {"check", "confirm", "commit", "release"}

    def test_is_known_to_few(self) -> None:
        assert importers("voices.providers.registry") == {
            "voices/cloning.py", "voices/speech/job_queue.py", "voices/speech/pipeline.py",
            "voices/voice_deletion.py", "voices/speech/dispatch.py", "voices/voice_library.py",
        }  # fmt: skip


class TestTheEngine:
    def test_is_reached_through_its_provider_alone(self) -> None:
        # The checks of samples measure pitch with the engine's meter, and their bank is made by a
        # tool; neither speaks with anybody's voice.
        checks = {
            "voices/sample_checks/build_embedding_bank.py",
            "voices/sample_checks/recording_quality.py",
        }
        assert importers("voices.engine") == {"voices/providers/local.py"} | checks
        assert not {"voices.engine.synthesize_speech", "voices.engine.synthesizer"} & {
            name for check in checks for name in imports(source.ROOT / check)
        }
