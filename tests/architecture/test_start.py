"""What every command pays for: a fresh process loads what it uses, and no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
HEAVY: Final = (
    "c2pa",
    "celery",
    "cryptography.x509",
    "drf_spectacular.openapi",
    "fasttext",
    "fpdf",
    "numpy",
    "prometheus_client",
    "psycopg",
    "pycld2",
    "redis",
    "requests",
    "rest_framework.views",
    "soundfile",
    "unfold.admin",
    "watermark",
)
LOADED: Final = """
import io, os, sys
from contextlib import redirect_stdout
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ.pop("DATABASE_URL", None)
from django.core.management import execute_from_command_line
with redirect_stdout(io.StringIO()):
    execute_from_command_line(["manage.py", "help"])
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that `manage.py help` has loaded at its end."""
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


class TestACommand:
    @pytest.mark.parametrize("library", HEAVY)
    def test_does_not_load_what_it_does_not_use(self, loaded: set[str], library: str) -> None:
        assert library not in loaded

    def test_loads_every_app(self, loaded: set[str]) -> None:
        assert {"consent.models", "voices.models", "erasure.models", "config.checks"} <= loaded
