"""The papers of a receipt after an editor saved them: a mark in front and other line ends change no
word (C53).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.receipt_folders import Papers, fetch
from tests.voices.conftest import Http
from tests.voices.test_receipts_offline import ALWAYS_OPEN
from voices.models import Voice

pytestmark = pytest.mark.usefixtures("reader")


@pytest.fixture
def papers(client: Http, voice: Voice, tmp_path: Path) -> Papers:
    return fetch(client, voice, tmp_path / "papers")


class TestAnEditor:
    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            (lambda text: b"\xef\xbb\xbf" + text, "without the byte-order mark"),
            (lambda text: b"\xef\xbb\xbf" + text + b"\r\n", "without the line end"),
        ],
    )
    def test_reads_a_script_that_an_editor_saved(
        self, papers: Papers, changed: Any, told: str
    ) -> None:
        """C53: a byte-order mark in a text to be compared."""
        papers.write("script", changed(papers.read("script")))

        verdict = papers.verify()
        assert (verdict.checks["script"], told in verdict.details["script"]) == ("ok", True)

    def test_knows_lines_that_an_editor_ended_in_another_way(
        self, client: Http, voice: Voice, tmp_path: Path
    ) -> None:
        text = "It was a bright cold evening.\nNobody spoke, and the boats came home slowly."
        papers = fetch(client, voice, tmp_path / "lines", text=text)
        papers.write("script", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

        assert papers.verify().checks["script"] == "ok"

    def test_reads_every_paper_that_an_editor_saved(self, papers: Papers) -> None:
        for name in ("receipt", "keys.json", "proof", "opening"):
            papers.write(name, b"\xef\xbb\xbf" + papers.read(name))

        verdict = papers.verify()
        assert verdict.code == 0
        assert {name for name, said in verdict.checks.items() if said != "ok"} == ALWAYS_OPEN
