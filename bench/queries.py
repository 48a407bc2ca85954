"""Statements and transactions of one `POST /v1/speech`: the second call of a voice, with a key.

`python -m bench.queries --show` prints each statement with the line of ours that sent it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from typing import Final

import django

from bench.table import Row, show

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
    from bench.query_case import record_call  # noqa: PLC0415 - Django must be set up first

    statements = record_call()
    if listed:
        for statement in statements:
            print(f"{statement.place:58} {statement.sql[:160]}")

    kinds = Counter(statement.kind for statement in statements)
    transactions = kinds.pop("BEGIN", 0)
    kinds.pop("COMMIT", None)
    total = sum(kinds.values())
    rows = [
        Row(
            name="statements of one sync call",
            measured=str(total),
            wanted=f"fewer than {BEFORE}, aim {WANTED}",
            met=total < BEFORE,
        ),
        Row(name="transactions of one sync call", measured=str(transactions)),
        *(Row(name=f"- {kind}", measured=str(number)) for kind, number in sorted(kinds.items())),
    ]
    print(show(rows))
    return 0 if total < BEFORE else 1


if __name__ == "__main__":
    sys.exit(main())
