"""The translations in `locale/`: whole, sound, and up to date with the code and the templates."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.conf import settings

from config import template_messages
from tests.support.catalogs import LOCALE

PLACEHOLDER: Final = re.compile(r"%\(\w+\)s|\{\w*\}")
MARKUP: Final = re.compile(r"<[^>]*>|&\w+;")
LANGUAGES: Final = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def read_catalog(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale=language)


def pairs(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield each sentence with its translation, plurals one by one."""
    for message in catalog:
        if not message.id:
            continue
        if isinstance(message.id, str):
            yield message.id, str(message.string)
        else:
            yield from zip(message.id, message.string or (), strict=True)


def names(catalog: Catalog) -> set[tuple[str | None, str]]:
    """Return every sentence with its context."""
    return {
        (message.context, message.id if isinstance(message.id, str) else message.id[0])
        for message in catalog
        if message.id
    }


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What `make messages` finds today."""
    found = tmp_path_factory.mktemp("messages") / "django.pot"
    with pytest.MonkeyPatch.context() as place:
        place.chdir(settings.BASE_DIR)
        CommandLineInterface().run(  # type: ignore[no-untyped-call]  # Babel leaves it so
            ["pybabel", "-q", "extract", "-F", "pyproject.toml", "-o", str(found), "."]
        )
    with found.open("rb") as file:
        return read_po(file)


def test_every_language_but_that_of_the_code_has_a_catalog() -> None:
    assert [path.name for path in sorted(LOCALE.iterdir())] == sorted(LANGUAGES)


def test_are_compiled_by_the_command_that_operators_are_told(tmp_path: Path) -> None:
    guide = (settings.BASE_DIR / "docs" / "operation.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^pybabel [^#\n]+", guide, re.MULTILINE)
    sources = shutil.ignore_patterns("*.mo")
    shutil.copytree(LOCALE, tmp_path / "locale", ignore=sources)

    with pytest.MonkeyPatch.context() as place:
        place.chdir(tmp_path)
        CommandLineInterface().run(command.split())  # type: ignore[no-untyped-call]  # as above

    made = {path.parent.parent.name for path in (tmp_path / "locale").rglob("django.mo")}
    assert made == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
class TestACatalog:
    def test_compiles_without_a_fault(self, language: str) -> None:
        catalog = read_catalog(language)
        assert [(message.id, errors) for message, errors in catalog.check()] == []

        compiled = io.BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        assert names(read_mo(compiled)) == names(catalog)

    def test_has_no_fuzzy_and_no_empty_entry(self, language: str) -> None:
        catalog = read_catalog(language)
        assert [message.id for message in catalog if message.id and message.fuzzy] == []
        assert [text for text, said in pairs(catalog) if not said.strip()] == []

    def test_keeps_placeholders_and_markup(self, language: str) -> None:
        for text, said in pairs(read_catalog(language)):
            for pattern in (PLACEHOLDER, MARKUP):
                assert sorted(pattern.findall(text)) == sorted(pattern.findall(said)), text

    def test_says_long_sentences_in_its_own_language(self, language: str) -> None:
        same = [text for text, said in pairs(read_catalog(language)) if text == said]
        assert [text for text in same if len(text) > 24] == []

    def test_has_every_sentence_of_the_code_and_the_templates_and_no_other(
        self, language: str, extracted: Catalog
    ) -> None:
        assert len(extracted) > 100
        assert names(read_catalog(language)) == names(extracted)


class TestTemplates:
    def test_are_read_with_their_line_and_whatever_their_indentation(self, tmp_path: Path) -> None:
        page = tmp_path / "page.html"
        page.write_text(
            '{% load i18n %}\n    <p>It\'s here</p>\n  {% translate "One." %}\n'
            "{% blocktranslate %}Up to {{ limit }} MB.{% endblocktranslate %}\n"
        )
        with page.open("rb") as file:
            found = list(template_messages.extract_messages(file, {"gettext": None}, [], {}))
        assert [(line, text) for line, _, text, _ in found] == [
            (3, "One."),
            (4, "Up to %(limit)s MB."),
        ]
