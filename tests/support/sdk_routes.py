"""The routes that the installed SDKs know, read from their sources, and the table of them.

`python -m tests.support.sdk_routes` writes the tables into docs/providers.md.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxies.cartesia.cartesia_rules import RULES as CARTESIA
from proxies.elevenlabs.elevenlabs_rules import RULES as ELEVENLABS
from proxies.fish.fish_rules import RULES as FISH
from proxies.inworld.inworld_rules import RULES as INWORLD
from proxies.openai.openai_rules import RULES as OPENAI
from proxies.resemble.resemble_rules import RULES as RESEMBLE
from proxies.route_rules import RouteRules
from tests.support.javascript_routes import (
    PathFinder,
    find_fish,
    find_generated,
    find_inworld,
    find_javascript_paths,
    find_resemble,
)
from tests.support.python_routes import (
    Route,
    RouteReader,
    read_fern,
    read_fish,
    read_inworld,
    read_resemble,
    read_stainless,
)

ROOT: Final = Path(__file__).resolve().parents[2]
SDKS: Final = Path(os.environ.get("SAYSO_SDKS") or ROOT / ".sdks")
PAGE: Final = ROOT / "docs" / "providers.md"
ANY: Final = "in JavaScript"
"""Stands for the method of a path that only the SDK in JavaScript names."""


class RouteUnreadable(Exception):
    """A call of an SDK has a route that this reader does not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkSource:
    """A provider's SDKs: their packages, who reads them, and our rules.

    The files of `plumbing` send what others name.
    """

    packages: tuple[str, ...]
    find: RouteReader
    rules: RouteRules
    javascript: str
    find_javascript: PathFinder
    plumbing: frozenset[str] = frozenset()


_STAINLESS_PLUMBING: Final = frozenset({"_base_client.py", "_client.py", "_resource.py"})

SOURCES: Final[Mapping[str, SdkSource]] = {
    "elevenlabs": SdkSource(
        packages=("elevenlabs",),
        find=read_fern,
        plumbing=frozenset({"http_client.py"}),
        rules=ELEVENLABS,
        javascript="@elevenlabs/elevenlabs-js/api",
        find_javascript=find_generated,
    ),
    "cartesia": SdkSource(
        packages=("cartesia",),
        find=read_stainless,
        plumbing=_STAINLESS_PLUMBING,
        rules=CARTESIA,
        javascript="@cartesia/cartesia-js/resources",
        find_javascript=find_generated,
    ),
    "inworld": SdkSource(
        packages=("inworld_tts",),
        find=read_inworld,
        rules=INWORLD,
        javascript="@inworld/tts/src",
        find_javascript=find_inworld,
    ),
    "fish": SdkSource(
        packages=("fishaudio", "fish_audio_sdk"),
        find=read_fish,
        plumbing=frozenset({"client_wrapper.py"}),
        rules=FISH,
        javascript="fish-audio/dist/esm",
        find_javascript=find_fish,
    ),
    "resemble": SdkSource(
        packages=("resemble",),
        find=read_resemble,
        rules=RESEMBLE,
        javascript="@resemble/node/dist",
        find_javascript=find_resemble,
    ),
    "openai": SdkSource(
        packages=("openai",),
        find=read_stainless,
        # Microsoft's addresses are not asked here.
        plumbing=_STAINLESS_PLUMBING | {"azure.py"},
        rules=OPENAI,
        javascript="openai",
        find_javascript=find_generated,
    ),
}


def find_routes(source: SdkSource, folder: Path) -> set[Route]:
    """All routes of the SDK in a folder. Raises RouteUnreadable for a call that is not read."""
    routes: set[Route] = set()
    for file in sorted(folder.rglob("*.py")):
        if file.name in source.plumbing:
            continue
        found, unread = source.find(file.read_text())
        if unread:
            raise RouteUnreadable(f"{file.name}: {unread} calls")
        routes |= found
    return routes


def find_packages(source: SdkSource) -> list[Path]:
    """The folders of the installed SDKs in Python. Empty when one is missing."""
    places = [SDKS.glob(f"python/lib/python3*/site-packages/{name}") for name in source.packages]
    found = [next(place, None) for place in places]
    return [folder for folder in found if folder] if all(found) else []


def find_javascript(source: SdkSource) -> set[str]:
    """The paths that the installed SDK in JavaScript names."""
    folder = SDKS / "javascript" / "node_modules" / source.javascript
    return find_javascript_paths(source.find_javascript, folder)


def find_all_routes(source: SdkSource) -> set[Route]:
    """All routes in Python, and the paths that only the SDK in JavaScript names.

    Raises RouteUnreadable as `find_routes`.
    """
    routes: set[Route] = set()
    for folder in find_packages(source):
        routes |= find_routes(source, folder)
    known = {_blank_gaps(path) for _, path in routes}
    return routes | {(ANY, path) for path in find_javascript(source) if path not in known}


def list_unruled(rules: RouteRules, routes: Iterable[Route]) -> list[Route]:
    """The routes that are neither gated nor refused with a reason."""
    return sorted(
        (method, path)
        for method, path in routes
        if not rules.is_gated(method, path) and rules.find_reason(path) is None
    )


def write_table(rules: RouteRules, routes: Iterable[Route], javascript: int) -> str:
    """The table in Markdown: a row for each path and what becomes of it.

    `javascript` is how many paths the SDK in JavaScript names.
    """
    rows: dict[tuple[str, str], list[str]] = {}
    spelled: dict[str, str] = {}
    for method, path in sorted(routes, key=lambda route: (route[1], route[0])):
        shown = spelled.setdefault(_blank_gaps(path), path)
        gated = rules.is_gated(method, path)
        told = "gated |" if gated else f"refused | {rules.find_reason(path) or '?'}"
        verbs = rows.setdefault((shown, told), [])
        verbs.extend({method} - set(verbs))
    lines = [
        f"{count_paths(routes)} route strings in Python, {javascript} in JavaScript. Passed: none.",
        "",
        "| route | methods | what becomes of it | why |",
        "|---|---|---|---|",
        *(
            f"| `/{rules.base}{path}` | {', '.join(verbs)} | {told} |"
            for (path, told), verbs in rows.items()
        ),
    ]
    return "\n".join(lines)


def count_paths(routes: Iterable[Route]) -> int:
    """How many paths the SDK in Python names, whatever it calls what a call fills in."""
    return len({_blank_gaps(path) for method, path in routes if method != ANY})


def replace_table(page: str, name: str, table: str) -> str:
    """The page with this table in the place of the old one."""
    begin, end = f"<!-- routes of {name} -->\n", f"\n<!-- end of routes of {name} -->"
    head, mark, rest = page.partition(begin)
    if not mark or end not in rest:
        raise ValueError(f"the page has no place for the routes of {name}")
    return head + begin + table + end + rest.partition(end)[2]


def _blank_gaps(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def main() -> None:
    """Write the tables of the SDKs that are installed."""
    page = PAGE.read_text()
    for name, source in SOURCES.items():
        if not find_packages(source):
            sys.exit("needs the SDKs: make sdks")
        routes, named = find_all_routes(source), find_javascript(source)
        page = replace_table(page, name, write_table(source.rules, routes, len(named)))
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
