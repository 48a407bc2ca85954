"""Hooks: one provider and required, listeners in order, items of one name once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.core import checks

from config.checks import check_hooks
from consent import voice_lookup
from core import hooks
from core.hooks import Hook, HookTaken, HookUnfilled, NamedFunction, Registry, Signal


@pytest.fixture
def hook() -> Iterator[Hook[str]]:
    """A hook that is known only as long as its test."""
    before = list(hooks._hooks)
    yield Hook[str]("tests.core.hook")
    hooks._hooks[:] = before


class TestAHook:
    def test_returns_its_provider(self, hook: Hook[str]) -> None:
        hook.fill("one")
        hook.fill("one")

        assert hook.get() == "one"

    def test_without_a_provider_names_itself(self, hook: Hook[str]) -> None:
        with pytest.raises(HookUnfilled, match=r"tests\.core\.hook has no provider"):
            hook.get()

    def test_has_one_provider(self, hook: Hook[str]) -> None:
        hook.fill("one")

        with pytest.raises(HookTaken, match=r"tests\.core\.hook"):
            hook.fill("another")
        assert hook.get() == "one"

    def test_is_replaced_for_a_while(self, hook: Hook[str]) -> None:
        hook.fill("one")

        with pytest.raises(KeyError), hook.replace("another"):
            assert hook.get() == "another"
            raise KeyError
        assert hook.get() == "one"


class TestASignal:
    def test_calls_its_listeners_in_order_and_each_once(self) -> None:
        signal, heard = Signal[str]("tests.core.signal"), list[str]()

        def first(message: str) -> None:
            heard.append(f"first {message}")

        def second(message: str) -> None:
            heard.append(f"second {message}")

        for listener in (first, second, first):
            signal.connect(listener)
        signal.send("now")

        assert heard == ["first now", "second now"]

    def test_stops_at_a_listener_that_fails(self) -> None:
        signal, heard = Signal[str]("tests.core.signal"), list[str]()

        def fail(message: str) -> None:
            raise RuntimeError(message)

        signal.connect(fail)
        signal.connect(heard.append)
        with pytest.raises(RuntimeError, match="now"):
            signal.send("now")
        signal.disconnect(fail)
        signal.send("later")

        assert heard == ["later"]


class TestARegistry:
    def test_keeps_items_in_order_and_each_once(self) -> None:
        registry = Registry[str]("tests.core.registry")
        for item in ("b", "a", "b"):
            registry.add(item)

        assert list(registry) == ["b", "a"]
        assert "a" in registry
        assert "c" not in registry

    def test_has_one_item_of_a_name(self) -> None:
        registry = Registry[tuple[str, int]]("tests.core.registry", key=lambda item: item[0])
        registry.add(("a", 1))
        registry.add(("a", 1))

        with pytest.raises(HookTaken, match=r"tests\.core\.registry already has another 'a'"):
            registry.add(("a", 2))
        assert registry.get("a") == ("a", 1)
        assert registry.get("b") is None


class TestANamedFunction:
    def test_calls_what_its_name_says(self) -> None:
        assert NamedFunction("core.ids.is_id")("org_x", "key") is False

    def test_counts_once_among_listeners(self) -> None:
        signal = Signal[str]("tests.signal")
        for _ in range(2):
            signal.connect(NamedFunction("core.ids.new"))

        signal.disconnect(NamedFunction("core.ids.new"))
        with pytest.raises(ValueError, match=r"."):
            signal.disconnect(NamedFunction("core.ids.new"))

    @pytest.mark.parametrize("name", ["core.ids.no_such", "core.no_such.new"])
    def test_of_nothing_is_an_error(self, name: str) -> None:
        with pytest.raises((AttributeError, ImportError)):
            NamedFunction(name).load()

    @pytest.mark.parametrize("name", ["on_key_event", "on_policy_event", "on_consent_ended"])
    def test_of_the_voices_exists(self, name: str) -> None:
        assert callable(NamedFunction(f"voices.event_listeners.{name}").load())


class TestTheCheck:
    def test_finds_every_hook_filled(self) -> None:
        assert hooks.list_unfilled() == ()
        assert list(check_hooks(None)) == []

    def test_names_a_hook_that_no_one_filled(self) -> None:
        with voice_lookup.voice_directory.replace(None):
            (found,) = check_hooks(None)

        assert found.id == "sayso.E007"
        assert "consent.voice_lookup.voice_directory" in found.msg

    def test_is_one_of_those_that_django_runs(self) -> None:
        assert check_hooks in checks.registry.registry.registered_checks


def test_hooks_need_no_django() -> None:
    code = "import core.hooks, sys; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
