"""The quickstarts of docs/providers.md, word for word but for address, key and consent."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sdk.conftest import MOST_SECONDS, SAMPLE, SDKS
from tests.support import processes
from tests.support.api_client import Customer

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]
PAGE = (processes.ROOT / "docs" / "providers.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("section", "made"),
    [
        ("Inworld", "evening.mp3"),
        ("ElevenLabs", "evening.mp3"),
        ("Cartesia", "evening.wav"),
        ("TensorOne", "evening.mp3"),
    ],
)
def test_a_quickstart_makes_what_it_says(
    gate: str, mara: Customer, acme_key: str, tmp_path: Path, section: str, made: str
) -> None:
    python = SDKS / "python" / "bin" / "python"
    if not python.exists():
        pytest.skip("needs the SDKs: make sdks")
    mara.meet()
    found = re.search(rf"\n## {section}\n.*?```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    code = found[1]
    for word, meant in (
        ("https://sayso.example", gate),
        ("sayso_live_…", acme_key),
        ("con_…", mara.consent),
    ):
        assert word in code
        code = code.replace(word, meant)
    shutil.copy(SAMPLE, tmp_path / "mara.wav")
    (tmp_path / "quickstart.py").write_text(code)

    done = subprocess.run(
        [python, "quickstart.py"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "LANG": "C.UTF-8"},
        capture_output=True,
        timeout=MOST_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:].decode()
    assert len((tmp_path / made).read_bytes()) > 10_000
