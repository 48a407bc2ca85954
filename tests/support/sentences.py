"""Collect every sentence that a user or an API client reads, from the code and the templates.

`python -m tests.support.sentences` writes them to `docs/sentences.txt`.
"""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages.pofile import read_po

from consent.documents import plain_language
from erasure import certificate_text
from tests.architecture import source
from voices.speech import disclosure

TARGET: Final = source.ROOT / "docs" / "sentences.txt"
SIGNED: Final = "Signed, hashed or spoken: versioned data that a new wording does not touch"

# Who runs the service reads these, or a program, not a user or a client. The verifier's report and
# the letter inside a bundle are documents of their own.
_ELSEWHERE: Final = (
    "/management/",
    "/migrations/",
    "config/backup/",
    "config/checks.py",
    "config/demo/",
    "config/env.py",
    "config/planted_library_check.py",
    "config/settings.py",
    "core/delivery/",
    "provenance/exports/readme.py",
    "provenance/verifier/",
    "engine/calibration_texts.py",
    "voices/canary/canary_voices.py",
    "voices/sample_checks/build_embedding_bank.py",
)
_LOGGING: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
# What a form, a column or a button of the admin is called with.
_LABELS: Final = frozenset(
    {"detail", "description", "help_text", "label", "short_description", "verbose_name"}
)
_SENTENCE: Final = re.compile(r"^[A-ZÄÖÜ{“`1-9].*\s.*[.?!…]$", re.DOTALL)
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_NAMES: Final = frozenset({"languages", "territories", "regions", "scripts", "months"})


def collect_sentences() -> tuple[list[str], list[str]]:
    """Return what is shown, and what is signed, hashed or spoken, each sorted and once."""
    catalog = source.ROOT / "locale" / "de" / "LC_MESSAGES" / "django.po"
    shown = {*(text for text, _ in _read_catalog(catalog)), *_read_templates(), *_read_code()}
    return _sort(shown), _sort(_read_signed())


def render_list() -> str:
    """Return the text of `docs/sentences.txt`."""
    shown, signed = collect_sentences()
    return "\n".join(["# Shown", *shown, "", f"# {SIGNED}", *signed, ""])


def _sort(found: Any) -> list[str]:
    lines = {
        " ".join(text.split(" ")).replace("\n\n", " ↵ ").replace("\n", " ↵ ") for text in found
    }
    return sorted((line for line in lines if line.strip()), key=lambda line: (line.lower(), line))


def read_translations() -> list[str]:
    """Return the sentences of every catalog in its own language."""
    paths = (source.ROOT / "locale").glob("*/LC_MESSAGES/django.po")
    return [text for path in paths for _, text in _read_catalog(path)]


def _read_catalog(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as file:
        for message in read_po(file):
            if not message.id:
                continue
            if isinstance(message.id, str):
                yield message.id, str(message.string)
            else:
                yield from zip(message.id, message.string or (), strict=True)


def _read_templates() -> Iterator[str]:
    """Read the text between the tags that no catalog has, with variables as `{name}`."""
    for path in (source.ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"{% blocktranslate.*?{% endblocktranslate %}", "", text, flags=re.DOTALL)
        text = re.sub(r"{{\s*([\w.]+).*?}}", r"{\1}", re.sub(r"{%.*?%}", "\n", text))
        text = re.sub(r"</?(?:code|a|strong|bdi|span|em)\b[^>]*>", "", text)
        for line in re.split(r"<[^>]*>|\n", text):
            plain = html.unescape(line).strip()
            if re.search(r"[a-z]{2,}", re.sub(r"{[^}]*}", "", plain)):
                yield plain


def _read_code() -> Iterator[str]:
    for path in source.files():
        name = source.name(path)
        if not any(part in name for part in _ELSEWHERE):
            yield from _Reader(is_api="/api/" in name).read(source.tree(path))


class _Reader:
    """Reads one module."""

    def __init__(self, *, is_api: bool) -> None:
        self.is_api = is_api
        self.found: list[str] = []

    def read(self, tree: ast.Module) -> list[str]:
        self._walk(tree)
        return self.found

    def _walk(self, node: ast.AST, *, in_raise: bool = False) -> None:
        if isinstance(node, ast.Call) and _is_logging(node):
            return  # for who runs the service

        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            self._take_docstring(node)
            rest = node.body[1:] if ast.get_docstring(node) is not None else node.body
            children: list[ast.AST] = [*rest, *getattr(node, "decorator_list", [])]
        else:
            children = list(ast.iter_child_nodes(node))

        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # what describes a constant or a field

        if (text := _read_text(node)) is not None:
            if _SENTENCE.match(text) or (in_raise and text.startswith("must ")):
                self.found.append(text)
            return

        if isinstance(node, ast.Call):
            self._take_labels(node)

        for child in children:
            self._walk(child, in_raise=in_raise or isinstance(node, ast.Raise))

    def _take_docstring(self, node: ast.Module | ast.ClassDef | ast.FunctionDef | Any) -> None:
        """Take the docstrings that stand on problem pages and in the API's document."""
        shown = (isinstance(node, ast.ClassDef) and (self.is_api or _has_code(node))) or (
            self.is_api and getattr(node, "name", "") in _METHODS
        )
        if shown and (text := ast.get_docstring(node)):
            parts = text.split("\n\n") if self.is_api else [text.partition("\n\n")[0]]
            self.found.extend(" ".join(part.split()) for part in parts)

    def _take_labels(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg in _LABELS and (text := _read_text(keyword.value)):
                self.found.append(text)


def _is_logging(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr in _LOGGING


def _has_code(node: ast.ClassDef) -> bool:
    """Return whether this is an error of the API, which names its code."""
    return any(
        isinstance(one, ast.Assign)
        and isinstance(one.value, ast.Constant)
        and any(getattr(target, "id", "") == "code" for target in one.targets)
        for one in node.body
    )


def _read_text(node: ast.AST) -> str | None:
    """Return a string as it reads, with what is filled in as `{expression}`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None

    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )

    return None


def _read_signed() -> Iterator[str]:
    yield from disclosure.SENTENCES.values()
    for folder in (plain_language.FOLDER, certificate_text.FOLDER):
        for path in folder.rglob("*.json"):
            yield from _read_values(json.loads(path.read_bytes()))


def _read_values(value: Any) -> Iterator[str]:
    if isinstance(value, str) and " " in value.strip():
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _read_values(one) if name not in _NAMES else ()
    elif isinstance(value, list):
        for one in value:
            yield from _read_values(one)


if __name__ == "__main__":
    TARGET.write_text(render_list(), encoding="utf-8")
