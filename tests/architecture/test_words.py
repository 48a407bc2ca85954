"""Names that a reader can search for: no bare participle, few functions of one word, nothing twice.

Each list of exceptions may only shrink.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import source

PARTICIPLE = re.compile(
    r"^(?!need|feed|seed|speed|embed|exceed|proceed|shed$)([a-z]+ed|said|shown|taken|begun|given|made|"
    r"held|kept|told|known|seen|done|left|found|written|bound|sent|spoken|cut|paid|drawn|heard|lost|"
    r"met|put|sold|spent|thrown|understood|worn|won|gone|grown|laid|led|meant|shut|spelt|split)$"
)
CONVENTIONAL = frozenset(
    {
        "admin",
        "api",
        "apps",
        "base",  # of an engine for Django's databases
        "commands",
        "errors",
        "formats",
        "models",
        "pages",
        "serializers",
        "settings",
        "tasks",
        "urls",
        "views",
    }
)
"""Module names that every Django developer looks for in every app."""

ADAPTER_FOLDERS = ("voices/providers/", "proxies/")
ADAPTER_FILES = frozenset({"adapter", "client", "schemas", "proxy"})
"""What lies in a folder of each provider or proxy: the same names in all of them."""

SHARE_OF_ONE_WORD = 0.15

LOOSE_ERROR = re.compile(r"(Away|Gone|Down|Unknown|Unfit|Dead|Left|Over)$")
"""Endings of an error's name that tell no kind. Use `Unavailable`, `NotFound`, `Expired` …"""

KIND = re.compile(r"(View|Serializer|Form|Field|Admin|QuerySet)$")
"""The last word of a class of the framework, which the classes that inherit from it keep."""

SAME_FUNCTION = frozenset(
    {
        # What starts a process that is no command of Django.
        "main",
        # The two schemes of watermarks have one face.
        "detect",
        "embed",
        # Every program of the sandbox has the same three.
        "load_libraries",
        "prepare_order",
        "answer_order",
    }
)
VERIFIER = "provenance/verifier/"
"""Stands alone: it imports nothing of ours, so it reads our formats with functions of its own."""

SAME_CLASS: frozenset[str] = frozenset()
SAME_MODULE: frozenset[str] = frozenset()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public_functions(path: Path) -> list[str]:
    """Names of the functions of a module, without its classes' methods."""
    body = source.tree(path).body
    found = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [name for name in found if not name.startswith("_")]


def public_classes(path: Path) -> list[str]:
    body = source.tree(path).body
    found = [node.name for node in body if isinstance(node, ast.ClassDef)]
    return [name for name in found if not name.startswith("_")]


def kind_of_base(base: ast.expr) -> str:
    """Return the kind that a base class names: `Serializer` for `serializers.Serializer[Any]`."""
    found = KIND.search(ast.unparse(base).partition("[")[0])
    return found[1] if found else ""


def has_conventional_name(path: Path) -> bool:
    """Check whether a module's name is that of its kind, or what is typed to run it."""
    if path.stem == "__init__" or path.stem in CONVENTIONAL or "commands" in path.parts:
        return True

    name = source.name(path)
    in_adapter = name.startswith(ADAPTER_FOLDERS) and name.count("/") == 3
    return in_adapter and path.stem in ADAPTER_FILES


def twice(places: dict[str, set[str]]) -> set[str]:
    return {name for name, where in places.items() if len(where) > 1}


class TestFunctions:
    def test_are_never_a_bare_participle(self) -> None:
        bare = [
            f"{source.name(path)}:{node.lineno} {node.name}"
            for path in source.files()
            for node in functions(path)
            if PARTICIPLE.match(node.name.strip("_"))
        ]
        assert bare == []

    def test_of_a_module_seldom_have_one_word(self) -> None:
        every = [name for path in source.files() for name in public_functions(path)]
        short = [name for name in every if "_" not in name]
        assert len(every) > 1000
        assert len(short) / len(every) <= SHARE_OF_ONE_WORD

    def test_have_a_name_of_their_own(self) -> None:
        places: dict[str, set[str]] = defaultdict(set)
        for path in source.files():
            if not source.name(path).startswith(VERIFIER):
                for name in public_functions(path):
                    places[name].add(source.name(path))

        assert twice(places) == SAME_FUNCTION

    def test_of_the_verifier_have_a_name_of_their_own(self) -> None:
        places: dict[str, set[str]] = defaultdict(set)
        for path in source.files():
            if source.name(path).startswith(VERIFIER):
                for name in public_functions(path):
                    places[name].add(source.name(path))

        assert twice(places) == set()

    def test_end_with_no_genitive(self) -> None:
        genitive = [
            f"{source.name(path)}:{node.lineno} {node.name}"
            for path in source.files()
            for node in functions(path)
            if node.name.endswith("_of")
        ]
        assert genitive == []


class TestClasses:
    def test_have_a_name_of_their_own(self) -> None:
        places: dict[str, set[str]] = defaultdict(set)
        for path in source.files():
            for name in public_classes(path):
                if name not in {"Migration", "Command"}:
                    places[name].add(source.name(path))

        assert twice(places) == SAME_CLASS

    def test_end_with_the_kind_that_they_inherit(self) -> None:
        loose = []
        for path in source.files():
            for node in ast.walk(source.tree(path)):
                if isinstance(node, ast.ClassDef):
                    kinds = {kind for base in node.bases if (kind := kind_of_base(base))}
                    if kinds and not node.name.endswith(tuple(kinds)):
                        loose.append(f"{source.name(path)}:{node.lineno} {node.name}")

        assert loose == []


class TestErrors:
    def test_end_with_the_word_of_their_kind(self) -> None:
        names = [
            f"{source.name(path)}:{node.lineno} {node.name}"
            for path in source.files()
            for node in ast.walk(source.tree(path))
            if isinstance(node, ast.ClassDef) and node.bases and LOOSE_ERROR.search(node.name)
        ]
        assert names == []


class TestModules:
    def test_have_a_name_of_their_own(self) -> None:
        places: dict[str, set[str]] = defaultdict(set)
        for path in source.files():
            if not has_conventional_name(path):
                places[path.stem].add(source.name(path))

        assert twice(places) == SAME_MODULE


class TestTheReaders:
    """The tests above are only as good as what they read with."""

    def test_know_a_participle(self) -> None:
        assert [
            word
            for word in ("shown", "opened", "embed", "seed", "is_opened")
            if PARTICIPLE.match(word)
        ] == [
            "shown",
            "opened",
        ]

    def test_know_the_names_of_adapters(self) -> None:
        names = (
            "voices/providers/x/adapter.py",
            "voices/providers/adapter.py",
            "voices/x/adapter.py",
        )
        found = [has_conventional_name(source.ROOT / name) for name in names]
        assert found == [True, False, False]

    def test_know_the_kind_of_a_class(self) -> None:
        bases = ("serializers.Serializer[Any]", "APIView", "Reader")
        found = [kind_of_base(ast.parse(base, mode="eval").body) for base in bases]
        assert found == ["Serializer", "View", ""]

    def test_know_an_error_that_tells_no_kind(self) -> None:
        names = ("ClipGone", "ProviderDown", "ProviderUnavailable", "ClipErased")
        assert [name for name in names if LOOSE_ERROR.search(name)] == ["ClipGone", "ProviderDown"]

    def test_find_what_is_there_twice(self) -> None:
        assert twice({"one": {"a.py"}, "two": {"a.py", "b.py"}}) == {"two"}
