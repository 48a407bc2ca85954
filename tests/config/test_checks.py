"""`check --deploy` refuses a configuration whose evidence would silently never come."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from config import checks


def said() -> list[str | None]:
    return [message.id for message in checks.check_evidence_settings(None)]


@pytest.fixture
def roots(tmp_path: Path) -> str:
    path = tmp_path / "roots.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\n")
    return str(path)


class TestStamps:
    @pytest.mark.parametrize("path", [None, "", "/nowhere/roots.pem"])
    def test_want_roots_to_be_held_against(self, settings: Settings, path: str | None) -> None:
        settings.SAYSO_TSA_URL, settings.SAYSO_TSA_ROOTS = "https://tsa.example", path
        assert said() == ["sayso.E005"]

    def test_have_them(self, settings: Settings, roots: str) -> None:
        settings.SAYSO_TSA_URL, settings.SAYSO_TSA_ROOTS = "https://tsa.example", roots
        assert said() == []


class TestAQuorum:
    @pytest.mark.parametrize(
        ("witnesses", "quorum", "found"), [(0, 1, []), (2, 2, []), (2, 3, ["sayso.E006"])]
    )
    def test_is_of_those_who_are_named(
        self, settings: Settings, witnesses: int, quorum: int, found: list[str]
    ) -> None:
        settings.SAYSO_WITNESSES, settings.SAYSO_WITNESS_QUORUM = ("w",) * witnesses, quorum
        assert said() == found


class TestTranslations:
    def test_that_are_not_compiled_are_refused(self, settings: Settings, tmp_path: Path) -> None:
        folder = tmp_path / "fr" / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "django.po").touch()
        settings.LOCALE_PATHS = [tmp_path]
        found = list(checks.check_compiled_translations(None))
        assert [message.id for message in found] == ["sayso.E008"]
        assert "in fr are not compiled" in found[0].msg

        (folder / "django.mo").touch()
        assert list(checks.check_compiled_translations(None)) == []
