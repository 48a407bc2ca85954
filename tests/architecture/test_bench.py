"""Each measurement starts in a process of its own, so it loads by itself."""

from __future__ import annotations

import subprocess
import sys

from bench.__main__ import MEASUREMENTS
from tests.architecture import source

# One process forks for each, which saves the start of Python and of the libraries. `pesq` and
# `cedarpy` are installed for `make bench` alone.
SCRIPT = """
import importlib, os, sys, traceback
import cryptography.x509, django.db.models, numpy, soundfile, soxr
for name in sys.argv[1:]:
    if os.fork() == 0:
        code = 0
        try:
            importlib.import_module("bench." + name)
        except ModuleNotFoundError as error:
            code = error.name not in {"pesq", "cedarpy"}
        except Exception:
            code = 1
        if code:
            traceback.print_exc()
        os._exit(code)
    if os.wait()[1]:
        print("failed:", name)
"""


def test_every_measurement_loads_in_a_fresh_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *MEASUREMENTS],
        cwd=source.ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert (done.stdout, done.stderr) == ("", "")
