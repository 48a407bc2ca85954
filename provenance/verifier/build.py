"""Builds `verify.py` out of its parts: one file that travels in every bundle, that an auditor reads
and runs alone.

The parts are ordinary modules in the order in which a reader needs them. What they import from each
other is dropped, what they import from the standard library goes to the top. Nothing else is
changed.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

PARTS: Final = (
    "check_report",
    "ed25519",
    "mldsa",
    "parsing",
    "merkle_proofs",
    "pinned_keys",
    "zip_reader",
    "bundle",
    "content_checks",
    "intended_use_checks",
    "scope_coverage",
    "log_history",
    "consent_row_checks",
    "use_row_checks",
    "row_checks",
    "permit_replay",
    "completeness",
    "key_vouching",
    "bundle_checks",
    "signed_receipt",
    "receipt_evidence",
    "receipt_checks",
    "cli",
)
_TRIES: Final = 20
_HERE: Final = Path(__file__).parent
_PACKAGE: Final = __name__.rpartition(".")[0] + "."
_HEAD: Final = '''\
"""Verifies offline what Sayso gives out, without trusting Sayso:

    python3 verify.py BUNDLE --key keys.json [--previous CHECKPOINT] [--json]
    python3 verify.py receipt RECEIPT --key keys.json [--proof FILE] [--audio FILE]
                              [--opening FILE] [--script FILE]

BUNDLE is the zip as downloaded, or the folder it was unpacked to; RECEIPT is what
`/v1/clips/{id}/receipt` gave. Needs Python 3.9 or later and nothing else; reads no network. One
line a check: `ok`, `REFUSED`, or `not checked` with the reason. Exit 0 verified, 1 refused, 2
unreadable, 3 consistent but nobody vouches for all keys, 4 the program failed.

It is one file on purpose, so that whoever relies on it can read all of what they run, top to
bottom, and run it alone. It shares no code with the service.

Nothing is trusted further than its keys. Fetch `/log/{org}/keys.json` beforehand, over another line
than the bundle, and give it with --key; or give the checkpoint of an earlier bundle with
--previous. That vouches for the log keys that signed it, and for the keys that entries under it, or
under a later checkpoint of such a key, name; for no other. A bundle without either agrees with
itself at best; a receipt cannot be checked at all. """
'''


@lru_cache(maxsize=1)
def build_program() -> bytes:
    """Give the program, the same bytes wherever this version runs.

    Raises ValueError when the parts do not fit.
    """
    plain: set[str] = set()
    named: dict[str, set[str]] = {}
    bodies, known = [], set[str]()
    for number, part in enumerate(PARTS):
        text = (_HERE / f"{part}.py").read_text(encoding="utf-8")
        tree = _parse_source(text)
        _note_imports(tree, PARTS[:number], plain, named)
        names = set(_list_definitions(tree))
        if names & known:
            raise ValueError(f"{part} defines {sorted(names & known)} once more")
        known |= names
        bodies.append(_extract_body(text, tree))
    imports = [f"import {name}" for name in sorted(plain)]
    imports += [
        f"from {module} import {', '.join(sorted(named[module]))}" for module in sorted(named)
    ]
    end = 'if __name__ == "__main__":\n    sys.exit(main())\n'
    start = f"{_HEAD}\nfrom __future__ import annotations\n\n" + "\n".join(imports)
    return "\n\n\n".join([start, *bodies, end]).encode("utf-8")


@lru_cache(maxsize=1)
def hash_program() -> str:
    """Give the program's SHA-256, in hex: what the page `/verify` shows."""
    return hashlib.sha256(build_program()).hexdigest()


def _parse_source(text: str) -> ast.Module:
    """Parse; again when CPython takes its own work for broken.

    It counts the depth of a tree in one place for all threads, so one that parses something else
    meanwhile, as `inspect` does for signatures, can make it raise SystemError: seen once on a
    crowded machine, in 3.11.
    """
    for _ in range(_TRIES):
        with suppress(SystemError):
            return ast.parse(text)
    return ast.parse(text)


def _note_imports(
    tree: ast.Module, before: tuple[str, ...], plain: set[str], named: dict[str, set[str]]
) -> None:
    for node in tree.body:
        if isinstance(node, ast.Import):
            plain.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            module = node.module or ""
            if module.startswith(_PACKAGE):
                if module.rpartition(".")[2] not in before:
                    raise ValueError(f"{module} is imported before its turn")
            elif module.partition(".")[0] in sys.stdlib_module_names:
                named.setdefault(module, set()).update(name.name for name in node.names)
            else:
                raise ValueError(f"{module} is not of the standard library")


def _list_definitions(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(node.target.id)
    return found


def _extract_body(text: str, tree: ast.Module) -> str:
    """Everything after the imports, below a line that says what it is about."""
    last = max(
        node.end_lineno or 0 for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    )
    subject = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
    return (
        f"# --- {subject} ".ljust(120, "-") + "\n" + "\n".join(text.splitlines()[last:]).strip("\n")
    )
