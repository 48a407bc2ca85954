"""Only the gate makes permits, and there is no way to a provider but through the gate."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import source

MAKES_AUDIO = {"speak", "clone", "stream"}
THE_WAYS = {
    ("voices/speech/pipeline.py", "synthesize_clip"), ("voices/cloning.py", "ask_provider"),
    ("voices/speech/streaming/session.py", "_ask_provider"),
}  # fmt: skip
SPEECH = {
    ("voices/speech/pipeline.py", "synthesize_clip"),
    ("voices/speech/streaming/session.py", "begin_stream"),
}
"""The ways of speech: what `prepare_speech` permitted, and no more, reaches the provider."""


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


def function_in(name: str, wanted: str) -> ast.FunctionDef:
    """The one function of this name in a file of ours."""
    (found,) = (one for one in functions(source.ROOT / name) if one.name == wanted)
    return found


def called_by(node: ast.AST) -> dict[str, int]:
    """The last word of everything that is called in there, and the first line of each."""
    found: dict[str, int] = {}
    for one in ast.walk(node):
        match one:
            case ast.Call(func=ast.Name(id=word) | ast.Attribute(attr=word)):
                found[word] = min(one.lineno, found.get(word, one.lineno))
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

    def test_is_asked_after_the_gate_by_cloning(self) -> None:
        clone = function_in("voices/cloning.py", "clone_voice")
        (gate,) = lines_of(clone, "gate", {"check"})
        assert gate < called_by(clone)["ask_provider"]

    def test_is_asked_with_the_permit_of_the_gate_by_a_worker(self) -> None:
        path = "voices/background_cloning.py"
        train = called_by(function_in(path, "run_training"))
        assert train["get_permit"] < train["_work_on"]

        queue = called_by(function_in(path, "queue_clone"))
        assert queue["check"] < queue["_store_order"]
        made = called_by(function_in(path, "_carry_out"))
        assert made["check_recordings"] < made["_obtain_voice"] < made["finish_voice"]
        obtain = function_in(path, "_obtain_voice")
        assert "ask_provider" in called_by(obtain)

    def test_is_asked_to_clone_in_one_place_with_two_callers(self) -> None:
        callers = {
            (source.name(path), function.name)
            for path in source.files()
            for function in functions(path)
            if "ask_provider" in called_by(function)
        }
        assert callers == {
            ("voices/cloning.py", "clone_voice"),
            ("voices/background_cloning.py", "_obtain_voice"),
        }

    def test_is_asked_after_the_gate_by_speech(self) -> None:
        prepare = function_in("voices/speech/preparation.py", "prepare_speech")
        assert len(lines_of(prepare, "gate", {"check"})) == 1

        speak = called_by(function_in("voices/speech/pipeline.py", "synthesize_clip"))
        assert speak["prepare_speech"] < speak["speak"]
        stream = called_by(function_in("voices/speech/streaming/session.py", "begin_stream"))
        assert stream["prepare_speech"] < stream["_ask_provider"]

    def test_is_reached_by_a_stream_through_its_beginning_alone(self) -> None:
        session = source.ROOT / "voices/speech/streaming/session.py"
        callers = {one.name for one in functions(session) if "_ask_provider" in called_by(one)}
        assert callers == {"begin_stream"}

    def test_is_confirmed_and_paid_for_in_all(self) -> None:
        cloning = called_by(source.tree(source.ROOT / "voices/cloning.py"))
        assert cloning.keys() >= {"check", "confirm", "commit", "release"}

        deliver = called_by(function_in("voices/speech/clip_delivery.py", "deliver_clip"))
        assert deliver["confirm"] < deliver["commit"] < deliver["issue_clip"]
        abort = called_by(function_in("voices/speech/clip_delivery.py", "abort_reservation"))
        assert abort.keys() >= {"release", "charge_quota", "abort_clip"}

    def test_is_followed_by_a_delivery_or_an_abort(self) -> None:
        for name, _ in SPEECH:
            called = called_by(source.tree(source.ROOT / name))
            assert called.keys() >= {"prepare_speech", "deliver_clip", "abort_speech"}

    def test_is_protected_by_the_import_contract(self) -> None:
        text = (source.ROOT / "pyproject.toml").read_text(encoding="utf-8")
        contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
        (protected,) = (one["protected_modules"] for one in contracts if one["type"] == "protected")
        folders = (source.ROOT / "voices" / "providers").glob("*/adapter.py")
        adapters = {f"voices.providers.{path.parent.name}" for path in folders}
        assert len(adapters) > 5 and adapters <= set(protected)

    def test_is_known_to_few(self) -> None:
        assert importers("voices.providers.registry") == {
            "voices/background_cloning.py", "voices/cloning.py", "voices/speech/job_queue.py",
            "voices/speech/pipeline.py",
            "voices/voice_deletion.py", "voices/speech/dispatch.py", "voices/voice_library.py",
            "voices/provider_accounts.py", "voices/remote_voices.py",
            "voices/canary/account_canary.py",
        }  # fmt: skip


class TestTheCanary:
    """The canary asks providers without a permit. So no person's recording may reach it."""

    FILES = frozenset((source.ROOT / "voices" / "canary").glob("*.py"))

    def test_clones_the_services_own_recordings_alone(self) -> None:
        cloners = {source.name(path) for path in self.FILES if "Clone" in dict(source.calls(path))}
        assert cloners == {"voices/canary/service_voices.py"}

        (clone,) = (
            node
            for node in ast.walk(source.tree(source.ROOT / "voices/canary/service_voices.py"))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Clone"
        )
        given = {one.arg: ast.unparse(one.value) for one in clone.keywords}
        assert given["recordings"] == "(canary_voices.make_recording(which),)"
        assert given["statement"].startswith("canary_voices.make_statement(which)")

    def test_knows_no_recording_and_no_voice_of_anyone(self) -> None:
        """What misses voices opens their ids, and asks for nothing to be spoken."""
        missing = source.ROOT / "voices/canary/vanished_voices.py"
        anyones = {
            "vault.blobs", "voices.models.Sample", "voices.models.Voice",
            "voices.providers.voice_handles",
        }  # fmt: skip
        for path in self.FILES - {missing}:
            assert not imports(path) & anyones, path
        assert not called_by(source.tree(missing)).keys() & MAKES_AUDIO


class TestTheEngine:
    def test_is_reached_through_its_provider_alone(self) -> None:
        # The checks of samples measure pitch with the engine's meter, and their bank is made by a
        # tool. The canary compares spectra. None of them speaks with anyone's voice.
        checks = {
            "voices/canary/language_distance.py",
            "voices/sample_checks/build_embedding_bank.py",
            "voices/sample_checks/recording_quality.py",
        }
        assert importers("engine") == {"voices/providers/local/adapter.py"} | checks
        assert not {"engine.synthesize_speech", "engine.synthesizer"} & {
            name for check in checks for name in imports(source.ROOT / check)
        }
