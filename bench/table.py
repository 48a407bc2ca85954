"""Rows of measured numbers with their targets, and the table of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number, as text with its unit, beside its target.

    `met` is None where there is no target.
    """

    name: str
    measured: str
    wanted: str = ""
    met: bool | None = None


def show(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | measured | wanted | |", "| --- | --- | --- | --- |"]
    marks = {True: "met", False: "**missed**", None: ""}
    lines += [f"| {row.name} | {row.measured} | {row.wanted} | {marks[row.met]} |" for row in rows]
    return "\n".join(lines)
