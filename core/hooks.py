"""Hooks: how a room is told what only the rooms above it know, without importing them.

There are three kinds, and no other way:

- A `Hook` has exactly one provider, and must have it.
- A `Signal` has any number of listeners, called in order inside the sender's transaction.
- A `Registry` holds any number of items, by name.

All of them are declared as constants of the room below and filled in the `apps.py` of the rooms
above, in `ready`. The system check `config.checks.check_hooks` finds a hook without a provider.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

_hooks: Final[list[Hook[Any]]] = []


class HookUnfilled(RuntimeError):
    """A hook was used before a room above filled it."""


class HookTaken(RuntimeError):
    """A second provider, or a second item of the same name, was registered."""


class Hook(Generic[T]):
    """A question that one provider of a room above answers.

    `name` is the dotted place of the constant, for errors.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._provider: T | None = None
        _hooks.append(self)

    @property
    def is_filled(self) -> bool:
        """Whether a provider is there."""
        return self._provider is not None

    def fill(self, provider: T) -> None:
        """Set the provider. The same one twice counts once.

        Raises HookTaken for another one.
        """
        if self._provider is not None and self._provider != provider:
            raise HookTaken(f"{self.name} already has a provider")
        self._provider = provider

    def get(self) -> T:
        """Return the provider. Raises HookUnfilled."""
        if self._provider is None:
            raise HookUnfilled(f"{self.name} has no provider; a room above fills it in its apps.py")
        return self._provider

    @contextmanager
    def replace(self, provider: T | None) -> Iterator[None]:
        """Set another provider, or none, for the time of a `with` block, as tests need."""
        before, self._provider = self._provider, provider
        try:
            yield
        finally:
            self._provider = before


class Signal(Generic[T]):
    """A message that any number of listeners receive, in the order in which they connected.

    They are called inside the sender's transaction: what one of them raises undoes the change.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._listeners: list[Callable[[T], object]] = []

    def connect(self, listener: Callable[[T], object]) -> None:
        """Have `listener` called with every message. Twice counts once."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    def disconnect(self, listener: Callable[[T], object]) -> None:
        """Call `listener` no more. Raises ValueError for one that is not connected."""
        self._listeners.remove(listener)

    def send(self, message: T) -> None:
        """Call every listener with `message`, in order.

        Raises what a listener raises, and calls no later one.
        """
        for listener in tuple(self._listeners):
            listener(message)


class Registry(Generic[T]):
    """Items that rooms add, in order. `key` names an item, and is the item itself unless stated."""

    def __init__(self, name: str, *, key: Callable[[T], Hashable] = lambda item: item) -> None:
        self.name = name
        self._key = key
        self._items: dict[Hashable, T] = {}

    def add(self, item: T) -> None:
        """Add an item. The same one twice counts once.

        Raises HookTaken for another item of the same name.
        """
        key = self._key(item)
        if key in self._items and self._items[key] != item:
            raise HookTaken(f"{self.name} already has another {key!r}")
        self._items[key] = item

    def get(self, key: Hashable) -> T | None:
        """Return the item named `key`, or None when there is none."""
        return self._items.get(key)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._items.values()))


@dataclass(frozen=True)
class NamedFunction:
    """A function by its dotted name, whose module is loaded with the first call.

    For listeners that need libraries with which most commands have nothing to do.
    """

    name: str

    def __post_init__(self) -> None:
        # Django reports a receiver that failed by this name.
        object.__setattr__(self, "__qualname__", self.name)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call the function."""
        return self.load()(*args, **named)

    def load(self) -> Callable[..., Any]:
        """Return the function. Raises ImportError or AttributeError when there is none."""
        module, _, function = self.name.rpartition(".")
        found: Callable[..., Any] = getattr(import_module(module), function)
        return found


def list_unfilled() -> tuple[str, ...]:
    """Return the names of the hooks without a provider, sorted."""
    return tuple(sorted(hook.name for hook in _hooks if not hook.is_filled))
