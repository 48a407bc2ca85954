"""`python -m tests.support.stepped_clock FILE serve|celery …`: a process of ours whose clock is as
many seconds off as FILE says.

It is set where the product reads its clock (`core.clock`) and where Celery reads its own.
"""

from __future__ import annotations

import runpy
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from celery import Celery

from core import clock
from tests.support.processes import ROOT


def set_clock(file: Path, *, off: timedelta) -> None:
    """Have the processes that read `file` be `off` by so much from now on."""
    aside = file.with_suffix(".new")
    aside.write_text(str(off.total_seconds()), encoding="ascii")
    aside.replace(file)


def main(file: Path, words: list[str]) -> None:
    """Step the clocks of this process, and run the command in it."""
    read_clock = clock.now

    def now() -> datetime:
        return read_clock() + timedelta(seconds=float(file.read_text(encoding="ascii")))

    def now_in_celery(self: Any) -> datetime:
        return now().astimezone(self.timezone)

    # First of all, since other modules take the function as the default of an argument.
    clock.now = now
    Celery.now = now_in_celery  # type: ignore[method-assign]  # here alone
    if words[0] == "celery":
        sys.argv = words
        runpy.run_module("celery", run_name="__main__")
    else:
        sys.argv = ["manage.py", *words]
        runpy.run_path(str(ROOT / "manage.py"), run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
