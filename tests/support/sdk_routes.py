"""The routes that the installed SDKs know, read from their sources, and the table of them.

`python -m tests.support.sdk_routes` writes the tables into docs/providers.md.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxies.cartesia.cartesia_rules import RULES as CARTESIA
from proxies.elevenlabs.elevenlabs_rules import RULES as ELEVENLABS
from proxies.route_rules import RouteRules

ROOT: Final = Path(__file__).resolve().parents[2]
SDKS: Final = Path(os.environ.get("SAYSO_SDKS") or ROOT / ".sdks")
PAGE: Final = ROOT / "docs" / "providers.md"
WEBSOCKET: Final = "WS"
_FERN_CALL: Final = re.compile(r"\.httpx_client\.(?:request|stream)\(")
_FERN: Final = re.compile(
    r'\.httpx_client\.(?:request|stream)\(\s*f?"([^"]*)",.*?method="(\w+)"', re.DOTALL
)
_FERN_SOCKET: Final = re.compile(r'\["v1", "([a-z-]+)", (\w+), "([a-z-]+)"\]')
_STAINLESS_CALL: Final = re.compile(r"self\._(?:get|post|put|patch|delete|get_api_list)\(\s*[^)\s]")
_STAINLESS: Final = re.compile(
    r'self\._(get|post|put|patch|delete|get_api_list)\(\s*(?:path_template\(\s*)?f?"(/[^"]*)"'
)
_STAINLESS_SOCKET: Final = re.compile(r'b"(/[a-z/]*websocket)"')
_JAVASCRIPT: Final = re.compile(
    r"""["`](v[0-9]/[^"` ]*)["`]|(?:path\)? ?`|\._client\.\w+\(["'`])(/[a-z][^"'`]*)["'`]"""
)

Route = tuple[str, str]
"""A method, or `WS`, and a path without its first slash, with `{name}` for what a call fills in."""


class RouteUnreadable(Exception):
    """A call of an SDK has a route that this reader does not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkSource:
    """A provider's SDK in Python: its package, who reads it, and our rules."""

    package: str
    find: Callable[[str], tuple[set[Route], int]]
    rules: RouteRules


def read_fern(text: str) -> tuple[set[Route], int]:
    """The routes of one file, and how many calls it has whose route was not read."""
    found = _FERN.findall(text)
    routes = {(method, _name_gaps(path)) for path, method in found}
    routes |= {
        (WEBSOCKET, f"v1/{first}/{{{gap}}}/{last}")
        for first, gap, last in _FERN_SOCKET.findall(text)
    }
    return routes, len(_FERN_CALL.findall(text)) - len(found)


def read_stainless(text: str) -> tuple[set[Route], int]:
    """The same of the other generator."""
    found = _STAINLESS.findall(text)
    names = {"get_api_list": "GET"}
    routes = {(names.get(verb, verb.upper()), path.strip("/")) for verb, path in found}
    routes |= {(WEBSOCKET, path.strip("/")) for path in _STAINLESS_SOCKET.findall(text)}
    return routes, len(_STAINLESS_CALL.findall(text)) - len(found)


SOURCES: Final[Mapping[str, SdkSource]] = {
    "elevenlabs": SdkSource(package="elevenlabs", find=read_fern, rules=ELEVENLABS),
    "cartesia": SdkSource(package="cartesia", find=read_stainless, rules=CARTESIA),
}
_GENERIC: Final = frozenset({"http_client.py", "_base_client.py", "_client.py", "_resource.py"})


def find_routes(source: SdkSource, folder: Path) -> set[Route]:
    """All routes of the SDK in a folder. Raises RouteUnreadable for a call that is not read."""
    routes: set[Route] = set()
    for file in sorted(folder.rglob("*.py")):
        found, unread = source.find(file.read_text())
        if unread and file.name not in _GENERIC:
            raise RouteUnreadable(f"{file.name}: {unread} calls")
        routes |= found
    return routes


def find_package(source: SdkSource) -> Path | None:
    """The folder of the installed SDK."""
    return next(SDKS.glob(f"python/lib/python3*/site-packages/{source.package}"), None)


def find_javascript_paths(folder: Path) -> set[str]:
    """The paths that an SDK in JavaScript names, with `{}` for what a call fills in."""
    found: set[str] = set()
    for file in folder.rglob("*.js"):
        for versioned, rooted in _JAVASCRIPT.findall(file.read_text()):
            found.add(re.sub(r"\$\{[^}]*\}", "{}", versioned or rooted).strip("/"))
    return found


def list_unruled(rules: RouteRules, routes: Iterable[Route]) -> list[Route]:
    """The routes that are neither gated nor refused with a reason."""
    return sorted(
        (method, path)
        for method, path in routes
        if not rules.is_gated(method, path) and rules.find_reason(path) is None
    )


def write_table(rules: RouteRules, routes: Iterable[Route]) -> str:
    """The table in Markdown: a row for each path and what becomes of it."""
    rows: dict[tuple[str, str], list[str]] = {}
    for method, path in sorted(routes, key=lambda route: (route[1], route[0])):
        gated = rules.is_gated(method, path)
        told = "gated |" if gated else f"refused | {rules.find_reason(path) or '?'}"
        rows.setdefault((path, told), []).append(method)
    paths = {path for _, path in routes}
    lines = [
        f"{len(paths)} route strings. Passed: none.",
        "",
        "| route | methods | what becomes of it | why |",
        "|---|---|---|---|",
        *(f"| `/{path}` | {', '.join(verbs)} | {told} |" for (path, told), verbs in rows.items()),
    ]
    return "\n".join(lines)


def replace_table(page: str, name: str, table: str) -> str:
    """The page with this table in the place of the old one."""
    begin, end = f"<!-- routes of {name} -->\n", f"\n<!-- end of routes of {name} -->"
    head, mark, rest = page.partition(begin)
    if not mark or end not in rest:
        raise ValueError(f"the page has no place for the routes of {name}")
    return head + begin + table + end + rest.partition(end)[2]


def _name_gaps(path: str) -> str:
    return re.sub(r"\{(?:jsonable_encoder|encode_path_param)\((\w+)\)\}", r"{\1}", path)


def main() -> None:
    """Write the tables of the SDKs that are installed."""
    page = PAGE.read_text()
    for name, source in SOURCES.items():
        if (folder := find_package(source)) is None:
            sys.exit("needs the SDKs: make sdks")
        page = replace_table(page, name, write_table(source.rules, find_routes(source, folder)))
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
