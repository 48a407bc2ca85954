"""Statements and transactions of one call, one stream and one job's item.

`python -m bench.queries --show` lists each statement, what it is for, and the line that sent it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import django

from bench.query_purposes import PURPOSES
from bench.table import Row, show

if TYPE_CHECKING:
    from bench.statement_recorder import Statement

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
WANTED: Final = 20
BEFORE: Final = 54
"""What one call cost before speech had one path."""


def main() -> int:
    """Print the table. The exit code is 1 when a call costs as much as it did before."""
    parser = argparse.ArgumentParser(prog="python -m bench.queries")
    parser.add_argument("--show", action="store_true", help="print every statement and its place")
    listed = parser.parse_args().show

    django.setup()
    from bench.query_case import record_ways  # noqa: PLC0415 - Django must be set up first

    ways = record_ways()
    if listed:
        for name, statements in ways.items():
            print(f"\n{name}\n{_list_statements(statements)}")

    rows = [row for name, statements in ways.items() for row in _count_way(name, statements)]
    print(show(rows))
    return 0 if all(row.met is not False for row in rows) else 1


def _count_way(name: str, statements: Iterable[Statement]) -> list[Row]:
    kinds = Counter(statement.kind for statement in statements if not statement.is_monitor)
    transactions = kinds.pop("BEGIN", 0)
    kinds.pop("COMMIT", None)
    total = sum(kinds.values())
    of_the_call = name == "sync call"
    return [
        Row(
            name=f"statements of one {name}",
            measured=f"{total} ("
            + ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
            + ")",
            wanted=f"fewer than {BEFORE}, aim {WANTED}" if of_the_call else "",
            met=total < BEFORE if of_the_call else None,
        ),
        Row(name=f"transactions of one {name}", measured=str(transactions)),
    ]


def _list_statements(statements: Iterable[Statement]) -> str:
    lines = []
    for number, statement in enumerate((one for one in statements if not one.is_monitor), start=1):
        purpose = PURPOSES.get(statement.place, "")
        place = f"({statement.place}:{statement.line})" if statement.place else ""
        sql = " ".join(statement.sql.split())[:60]
        lines.append(f"{number:3} {sql:60}  {purpose}  {place}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
