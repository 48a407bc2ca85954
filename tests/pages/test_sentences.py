"""Every sentence that a user or an API client reads: listed, and in the field's plain words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from django.conf import settings

from tests.support import sentences

AVOIDED: Final = re.compile(r";|!|  |\b(?:whoever|somebody|nobody|anew)\b", re.IGNORECASE)
CODE: Final = re.compile(r"```.*?```|`[^`]*`|{[^}]*}", re.DOTALL)
ORDINARY: Final = frozenset(
    {
        "agreement", "ask", "caller", "customer", "epoch", "good", "house", "licence", "model",
        "order", "pause", "recording", "revoke", "standing", "staff", "take", "token", "user",
        "verdict",
    }
)  # fmt: skip
"""Words that the glossary avoids for one thing of ours, and that mean something else, too."""


def read_avoided_words() -> list[str]:
    """Return the words in the last column of the glossary, without remarks in brackets."""
    text = (Path(settings.BASE_DIR) / "docs" / "glossary.md").read_text(encoding="utf-8")
    cells = [line.split("|")[3] for line in text.splitlines() if line.startswith("| **")]
    words = {word.strip() for cell in cells for word in re.sub(r"\(.*?\)", "", cell).split(",")}
    return sorted(words - ORDINARY - {"", "voice owner"})


class TestTheList:
    def test_is_up_to_date(self) -> None:
        """Run `python -m tests.support.sentences` after a change, and read what is new."""
        written = sentences.TARGET.read_text(encoding="utf-8")
        assert written.splitlines() == sentences.render_list().splitlines()

    def test_is_of_everything(self) -> None:
        shown, signed = sentences.collect_sentences()
        assert len(shown) > 1000
        for sentence in (
            "Was this voice made here?",  # a template
            "Choose a file first.",  # a page's view
            "There is no such field.",  # a detail of an error
            "No credentials, or none that we accept.",  # an error's docstring
            "The person has not signed, or has declined.",  # a table of codes
            "Clone a voice from samples, if a consent covers it.",  # the API's document
        ):
            assert sentence in shown
        assert {"This voice is synthetic.", "They may {actions}."} <= set(signed)


class TestSentences:
    def test_are_short_ones_without_semicolon_or_unnamed_persons(self) -> None:
        shown, _ = sentences.collect_sentences()
        assert [text for text in shown if AVOIDED.search(CODE.sub("x", text))] == []

    def test_use_no_word_that_the_glossary_avoids(self) -> None:
        words = read_avoided_words()
        assert {"desk", "outsider", "asker"} <= set(words)
        private = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
        shown, _ = sentences.collect_sentences()
        assert [text for text in shown if private.search(CODE.sub("x", text))] == []

    def test_of_translations_keep_to_it_too(self) -> None:
        said = sentences.read_translations()
        assert len(said) > 200
        assert [text for text in said if re.search(r";|!|  ", CODE.sub("x", text))] == []
