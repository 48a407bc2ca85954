"""The service for the gateway bench, in a process of its own.

`python -m bench.gateway_server PORT [unmarked]`: with the second word the marker and the checks of
the sound are replaced in this process.
"""

from __future__ import annotations

import sys

import django
from django.core.management import call_command


def main(port: str, *words: str) -> None:
    """Serve until the process is ended."""
    django.setup()
    if words == ("unmarked",):
        from bench.without_marking import replace_marking  # noqa: PLC0415 - Django comes first

        replace_marking()
    call_command("serve", port=int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
