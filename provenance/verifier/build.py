"""Build `verify.py` from its parts: one file that an auditor reads and runs alone.

The parts are ordinary modules, in the order in which a reader needs them. Their imports of each
other are dropped, their imports of the standard library go to the top. Nothing else is changed.
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
    "manifest_checks",
    "checkpoint_checks",
    "entry_reader",
    "entry_checks",
    "table_checks",
    "record_checks",
    "intended_use_checks",
    "scope_coverage",
    "log_history",
    "provider_coverage",
    "consent_row_checks",
    "grant_row_checks",
    "use_row_checks",
    "row_checks",
    "permit_replay",
    "completeness",
    "closed_entry_checks",
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
"""Verify offline what Sayso gives out, without trusting Sayso:

    python3 verify.py BUNDLE --key keys.json [--previous CHECKPOINT] [--json]
    python3 verify.py receipt RECEIPT --key keys.json [--proof FILE] [--audio FILE]
                              [--opening FILE] [--script FILE]

BUNDLE is the zip as downloaded, or the folder it was unpacked to. RECEIPT is what
`/v1/clips/{id}/receipt` gave. Needs Python 3.9 or later and nothing else. Reads no network. Prints
one line a check: `ok`, `REFUSED`, or `not checked` with the reason. Exit 0 verified, 1 refused, 2
unreadable, 3 consistent, but some keys are known from the bundle alone, 4 the program failed.

It is one file on purpose: an auditor can read from top to bottom all that they run, and run it
alone. It shares no code with the service.

Nothing is trusted further than its keys. Fetch `/log/{org}/keys.json` beforehand, over another line
than the bundle, and give it with --key. Or give the checkpoint of an earlier bundle with
--previous. That vouches for the log keys that signed it, and for the keys that are named by entries
under it, or under a later checkpoint of such a key. It vouches for no other key. A bundle without
either agrees with itself at best. A receipt cannot be checked at all without --key.
"""
'''
# Python 3.8 can read the program, too, so it comes as far as this. Otherwise it would end with an
# error, and its exit code is that of a refusal.
_GUARD: Final = """\
if sys.version_info < (3, 9):
    sys.stderr.write("verify.py needs Python 3.9 or later\\n")
    sys.exit(4)
"""


@lru_cache(maxsize=1)
def build_program() -> bytes:
    """Return the program, the same bytes wherever this version runs.

    Raises ValueError if the parts do not fit.
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
    start = f"{_HEAD}\nfrom __future__ import annotations\n\n" + "\n".join(
        [*imports, "", _GUARD.rstrip()]
    )
    return "\n\n\n".join([start, *bodies, end]).encode("utf-8")


@lru_cache(maxsize=1)
def hash_program() -> str:
    """Return the program's SHA-256 in hex, which the page `/verify` shows."""
    return hashlib.sha256(build_program()).hexdigest()


def _parse_source(text: str) -> ast.Module:
    """Return the syntax tree, after further tries if CPython fails by its own fault.

    CPython 3.11 counts the depth of a tree in one place for all threads. A thread that parses
    something else meanwhile, as `inspect` does for signatures, can make it raise SystemError. This
    was seen once on a crowded machine.
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
    """Return everything after the imports, below a line with the part's subject."""
    last = max(
        node.end_lineno or 0 for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    )
    subject = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")

    return (
        f"# --- {subject} ".ljust(120, "-") + "\n" + "\n".join(text.splitlines()[last:]).strip("\n")
    )
