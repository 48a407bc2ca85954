"""Follow the text of `POST /v1/speech` through our files, statically, from the view to the log.

`python -m tests.architecture.text_walk` prints the walk. A *carrier* is a value that holds the
text: the request, its `text`, or an object that was built with one. The walk follows every call
that hands a carrier to a function of ours. A *stay* begins where the function lies in another file
than its caller, and a *return* is a stay in a file that was left before. What a provider does with
the text is chosen at run time and not followed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from tests.architecture import source

Start = tuple[str, str, str]
"""A file, a function in it, and the parameter or variable that carries the text."""
EDGE: Final[Sequence[Start]] = [("voices/api/views/speech.py", "SpeechView.post", "form")]
WAYS: Final[Mapping[str, Sequence[Start]]] = {
    "sync": [("voices/speech/dispatch.py", "speak_text", "request")],
    # The ASGI edge calls what a session does at its end.
    "stream": [
        ("voices/speech/dispatch.py", "stream_text", "request"),
        ("voices/speech/streaming/session.py", "StreamSession._deliver", "self"),
        ("voices/speech/streaming/session.py", "StreamSession._abort", "self"),
    ],
}
_COPIES: Final = {"replace", "dict", "tuple", "list", "str", "cast"}
_PASSES_THROUGH: Final = (
    ast.Tuple, ast.List, ast.Set, ast.Dict, ast.JoinedStr, ast.FormattedValue, ast.BinOp,
    ast.IfExp, ast.Starred, ast.Await, ast.BoolOp, ast.ListComp, ast.GeneratorExp,
)  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Target:
    """A function of ours, and the file that it lies in."""

    path: Path
    node: Function


class Module:
    """One file: what it defines, and what its imports name."""

    def __init__(self, root: Path, path: Path) -> None:
        self.root = root
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"))

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Every function by name, methods as `Class.method`."""
        found: dict[str, Function] = {}
        for node in self.tree.body:
            if isinstance(node, Function):
                found[node.name] = node
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, Function):
                        found[f"{node.name}.{inner.name}"] = inner
        return found

    @cached_property
    def classes(self) -> set[str]:
        """The classes that the file defines."""
        return {node.name for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @cached_property
    def imported(self) -> dict[str, str]:
        """Names that imports bind, and the dotted thing behind each."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in node.names:
                    found[name.asname or name.name] = f"{node.module}.{name.name}"
            elif isinstance(node, ast.Import):
                for name in node.names:
                    found[name.asname or name.name] = name.name
        return found


@dataclass
class Walk:
    """The walk itself: the files in the order of their stays."""

    root: Path
    stays: list[str] = field(default_factory=list)
    _modules: dict[Path, Module] = field(default_factory=dict)
    _carrying: set[str] = field(default_factory=lambda: {"text"})
    _seen: set[tuple[Path, str, frozenset[str]]] = field(default_factory=set)
    _returns: dict[tuple[Path, str], bool] = field(default_factory=dict)

    @property
    def files(self) -> list[str]:
        """The files that the text passes through, each once."""
        return list(dict.fromkeys(self.stays))

    @property
    def returns(self) -> int:
        """How often the text comes into a file that it had left."""
        return len(self.stays) - len(self.files)

    def follow(self, starts: Sequence[Start]) -> Walk:
        """Walk until no further field is found to carry the text, and keep the last walk."""
        known = 0
        while len(self._carrying) != known:
            known = len(self._carrying)
            self.stays.clear()
            self._seen.clear()
            for path, function, parameter in starts:
                module = self._module(self.root / path)
                self._enter(path)
                self._visit(Target(module.path, module.functions[function]), {parameter})
        return self

    def _enter(self, name: str) -> None:
        if self.stays[-1:] != [name]:
            self.stays.append(name)

    def _visit(self, target: Target, carriers: set[str]) -> bool:
        """Follow the carriers through one function. Return whether it returns one."""
        place = (target.path, target.node.name)
        key = (*place, frozenset(carriers))
        if key in self._seen:
            return self._returns.get(place, False)

        self._seen.add(key)
        names = set(carriers)
        for node in _in_order(target.node):
            if isinstance(node, ast.Call):
                self._call(node, target, names)
            elif isinstance(node, ast.Return) and node.value is not None:
                if self._carries(node.value, target, names):
                    self._returns[place] = True
            else:
                self._bind(node, target, names)
        return self._returns.get(place, False)

    def _bind(self, node: ast.AST, target: Target, names: set[str]) -> None:
        """Add the names that an assignment or a loop binds to a carrier."""
        match node:
            case ast.Assign(targets=bound, value=value):
                pass
            case ast.AnnAssign(target=one, value=ast.expr() as value):
                bound = [one]
            case ast.For(target=one, iter=value) | ast.comprehension(target=one, iter=value):
                bound = [one]
            case _:
                return
        if self._carries(value, target, names):
            names |= {name for each in bound for name in _bound_names(each)}

    def _call(self, call: ast.Call, caller: Target, names: set[str]) -> bool:
        """Follow one call that is handed a carrier. Return whether its result is one."""
        module = self._module(caller.path)
        handed = [
            (word, value)
            for word, value in [
                *enumerate(call.args),
                *((key.arg, key.value) for key in call.keywords),
            ]
            if self._carries(value, caller, names)
        ]
        if not handed:
            return False
        if isinstance(call.func, ast.Name) and call.func.id in _COPIES:
            return True
        if self._is_class(call.func, module):
            built = self._resolve_class(call.func, module)
            self._carrying |= set(_name_parameters(built, handed))
            return True

        callee = self._resolve(call.func, module)
        if callee is None:
            return False
        carriers = set(_name_parameters(callee, handed))
        name = callee.path.relative_to(self.root).as_posix()
        if callee.path != caller.path:
            self._enter(name)
        return self._visit(callee, carriers)

    def _carries(self, node: ast.AST, target: Target, names: set[str]) -> bool:
        match node:
            case ast.Name(id=name):
                return name in names
            case ast.Attribute(value=value, attr=name):
                return self._carries(value, target, names) and (
                    name in self._carrying or self._is_carrying_property(name)
                )
            case ast.Subscript(value=value, slice=ast.Constant(value=name)):
                return name in self._carrying and self._carries(value, target, names)
            case ast.Call(func=ast.Attribute(value=value, attr="items" | "values")):
                return self._carries(value, target, names)
            case ast.Call():
                return self._result_carries(node, target, names)
            case _ if isinstance(node, _PASSES_THROUGH):
                return any(
                    self._carries(inner, target, names)
                    for inner in ast.iter_child_nodes(node)
                    if isinstance(inner, ast.expr | ast.comprehension)
                )
            case ast.comprehension(iter=value):
                return self._carries(value, target, names)
            case _:
                return False

    def _result_carries(self, call: ast.Call, target: Target, names: set[str]) -> bool:
        """Return whether a call's result carries the text, without counting a stay."""
        before = list(self.stays)
        found = self._call(call, target, names)
        self.stays[:] = before
        return found

    def _is_carrying_property(self, name: str) -> bool:
        """Check whether a property of a carrier hands the text on, such as `logged_terms`."""
        for module in list(self._modules.values()):
            for label, function in module.functions.items():
                if label.endswith(f".{name}") and _is_property(function):
                    self._visit(Target(module.path, function), {"self"})
                    if self._returns.get((module.path, function.name)):
                        return True
        return False

    def _is_class(self, func: ast.expr, module: Module) -> bool:
        word = func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
        return word[:1].isupper() and (word in module.classes or self._is_ours(func, module))

    def _is_ours(self, func: ast.expr, module: Module) -> bool:
        root = func
        while isinstance(root, ast.Attribute):
            root = root.value
        return isinstance(root, ast.Name) and module.imported.get(root.id, "").split(".")[
            0
        ] in _rooms(self.root)

    def _resolve(self, func: ast.expr, module: Module) -> Target | None:
        """Return the function of ours that a call names, if its name says so."""
        match func:
            case ast.Name(id=name) if name in module.functions:
                return Target(module.path, module.functions[name])
            case ast.Name(id=name) if name in module.imported:
                return self._find(module.imported[name])
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                for label, function in module.functions.items():
                    if label.endswith(f".{name}"):
                        return Target(module.path, function)
                return None
            case ast.Attribute(value=ast.Name(id=name), attr=word) if name in module.imported:
                return self._find(f"{module.imported[name]}.{word}")
            case _:
                return None

    def _resolve_class(self, func: ast.expr, module: Module) -> Target | None:
        """Return the `__init__` of a class of ours, if it has one of its own."""
        match func:
            case ast.Name(id=name) if name in module.classes:
                node = module.functions.get(f"{name}.__init__")
                return Target(module.path, node) if node else None
            case ast.Name(id=name) if name in module.imported:
                return self._find(f"{module.imported[name]}.__init__")
            case _:
                return None

    def _find(self, dotted: str) -> Target | None:
        """Return the function behind a dotted name, through one re-export."""
        parts = dotted.split(".")
        for size in (1, 2):
            path = self.root.joinpath(*parts[:-size])
            found = next(
                (one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()),
                None,
            )
            if found is None or parts[0] not in _rooms(self.root):
                continue
            module, name = self._module(found), ".".join(parts[-size:])
            if name in module.functions:
                return Target(module.path, module.functions[name])
            if name in module.imported:
                return self._find(module.imported[name])
        return None

    def _module(self, path: Path) -> Module:
        if path not in self._modules:
            self._modules[path] = Module(self.root, path)
        return self._modules[path]


def _name_parameters(
    callee: Target | None, handed: Sequence[tuple[int | str | None, ast.expr]]
) -> Iterator[str]:
    """Yield the parameters that arguments are bound to, by position or by name."""
    arguments = callee.node.args if callee else ast.arguments([], [], None, [], [], None, [])
    positional = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    if positional[:1] == ["self"]:
        positional = positional[1:]

    for word, _ in handed:
        if isinstance(word, str):
            yield word
        elif word is not None and word < len(positional):
            yield positional[word]


def _in_order(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function in the order in which they are evaluated, calls inside out."""

    def visit(node: ast.AST) -> Iterator[ast.AST]:
        # A comprehension binds its names before its element is evaluated.
        children = sorted(
            ast.iter_child_nodes(node), key=lambda child: not isinstance(child, ast.comprehension)
        )
        for child in children:
            yield from visit(child)
        yield node

    for statement in function.body:
        yield from visit(statement)


def _bound_names(node: ast.AST) -> Iterable[str]:
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]


def _is_property(function: Function) -> bool:
    return any(
        isinstance(one, ast.Name) and one.id == "property" for one in function.decorator_list
    )


def _rooms(root: Path) -> set[str]:
    return {each.name for each in root.iterdir() if (each / "__init__.py").is_file()} - {
        "tests", "bench",
    }  # fmt: skip


def follow_way(way: str) -> Walk:
    """Walk from the service that the view calls in this mode, `sync` or `stream`."""
    return Walk(source.ROOT).follow(WAYS[way])


def main() -> int:
    """Print both walks, and that of the view with all its modes."""
    walks = {way: follow_way(way) for way in WAYS}
    walks["view, all modes"] = Walk(source.ROOT).follow(EDGE)
    for way, walk in walks.items():
        lines = [f"{way}: {len(walk.stays)} stays, {len(walk.files)} files, {walk.returns} returns"]
        sys.stdout.write("\n  ".join([*lines, *walk.stays]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
