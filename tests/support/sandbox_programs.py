"""Programs for the sandbox that do what a decoder never should."""

from __future__ import annotations

import textwrap
from pathlib import Path

from audio.sandbox.template_client import Limits, Sandbox

LIMITS = Limits(seconds=10, most_out=2**20)


def build_sandbox(folder: Path, body: str, *, load: str = "", limits: Limits = LIMITS) -> Sandbox:
    """Return a sandbox whose program runs `body` for each order.

    `body` may use `order`, `source` and `sink`. `load` runs once, in the template.
    """
    program = folder / "program.py"
    program.write_text(
        "\n".join(
            (
                "import json, os, sys, time",
                "READABLE = None",
                "def load_libraries():",
                textwrap.indent(load or "pass", "    "),
                "def prepare_order(order):",
                "    return order",
                "def answer_order(order, source, sink):",
                textwrap.indent(textwrap.dedent(body) or "pass", "    "),
            )
        ),
        encoding="utf-8",
    )
    return Sandbox(program, limits)
