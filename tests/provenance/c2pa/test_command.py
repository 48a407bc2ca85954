"""`manage.py credentials`: what an operator sees and does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core import clock
from provenance.c2pa import signing_authority
from tests.conftest import NOON
from tests.provenance.c2pa.test_signing_authority import chain_for

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def noon_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("credentials", *words, stdout=out)
    return out.getvalue()


class TestCredentials:
    def test_are_nothing_before_the_first_clip(self) -> None:
        assert run("status") == ""
        assert run("root") == ""

    def test_are_made_shown_and_rotated(self) -> None:
        made, turned = run("init"), run("rotate")

        assert (made.count("leaf"), turned.count("leaf")) == (1, 2)
        assert [turned.count(word) for word in ("signs", "signed until 2026-11-21", "trusted")] == [
            1,
            1,
            1,
        ]
        assert run("root") == signing_authority.get_trust_anchors()

    def test_are_taken_from_an_authority_of_the_operators(self, tmp_path: Path) -> None:
        chain = tmp_path / "chain.pem"
        chain.write_text(chain_for(run("request")), encoding="utf-8")

        shown = run("install", str(chain))

        assert "CN=Acme clips" in shown
        assert shown.count("signs") == 1

    @pytest.mark.parametrize("text", [None, "hello"])
    def test_are_not_taken_from_what_is_no_chain(self, tmp_path: Path, text: str | None) -> None:
        chain = tmp_path / "chain.pem"
        if text is not None:
            chain.write_text(text, encoding="utf-8")

        with pytest.raises(CommandError):
            run("install", str(chain))
