"""Texts whose language is known, from what packages ship, cut to a length in characters.

None of them was used to set the thresholds of `voices/text_language`.
"""

from __future__ import annotations

import gettext
import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import allauth
import django
import rest_framework

from consent.policy import languages
from voices.text_language.judged_languages import JUDGED

DATA: Final = Path(__file__).resolve().parents[1] / "data" / "text_language" / "udhr.json"
CATALOGS: Final = tuple(
    Path(str(package.__file__)).parent for package in (django, allauth, rest_framework)
)
FORTUNES: Final = Path("/usr/share/games/fortunes")
LENGTHS: Final = (20, 60, 200)
Texts = Mapping[str, Sequence[str]]

_UNUSABLE: Final = re.compile(r"[%{}<>\\$|_`/@#\[\]]|&\w+;")
_DENSE: Final = {"ja", "ko", "th", "zh", "km", "my"}
_JOINED: Final = 66
_SENTENCE: Final = 20
"""Shorter messages are names of months and languages, and no text when they are joined."""
_FORTUNES_OF: Final = {
    "bg": "bg", "brasil": "pt", "cs": "cs", "de": "de", "es": "es", "fortunes": "en", "ga": "ga",
    "it": "it", "literature": "en", "pl": "pl", "ru": "ru",
}  # fmt: skip
"""Folders of Debian's packages `fortunes-*`. Those of offensive sayings are enciphered."""


def read_declaration() -> Texts:
    """Return paragraphs of the Declaration of Human Rights by language."""
    texts: dict[str, list[str]] = json.loads(DATA.read_text(encoding="utf-8"))
    return texts


def read_catalogs() -> Texts:
    """Return the translated messages of Django, allauth and DRF by language that is judged."""
    found: dict[str, dict[str, None]] = {}
    for path in sorted(path for folder in CATALOGS for path in folder.rglob("*.mo")):
        language = _read_locale(path.parts[-3])
        if language is None:
            continue

        kept = found.setdefault(language, {})
        for original, translated in _read_messages(path):
            if translated != original and not _UNUSABLE.search(translated):
                kept[" ".join(translated.split())] = None

    return {language: list(texts) for language, texts in found.items()}


def read_fortunes(folder: Path = FORTUNES) -> Texts:
    """Return the sayings of Debian's packages `fortunes-*`, if they are installed."""
    found: dict[str, list[str]] = {}
    for name, language in _FORTUNES_OF.items():
        for path in sorted(folder.glob(f"{name}/*")) + sorted(folder.glob(name)):
            if not path.is_file() or path.suffix in {".dat", ".u8"}:
                continue

            for saying in re.split(r"^%\s*$", path.read_text("utf-8", "ignore"), flags=re.M):
                said = " ".join(re.sub(r"^\s*--.*$", "", saying, flags=re.M).split())
                if said and not _UNUSABLE.search(said):
                    found.setdefault(language, []).append(said)

    return found


def cut_samples(texts: Texts, length: int, *, most: int, seed: int = 1) -> list[tuple[str, str]]:
    """Return `most` texts a language of at least `length` characters, cut where a word ends.

    For 200 characters and more, neighbours are joined. Languages that write no spaces are cut at a
    half, because a character says as much as some letters.
    """
    dice = random.Random(seed)
    samples: list[tuple[str, str]] = []
    for language, sentences in sorted(texts.items()):
        size = length // 2 if language in _DENSE else length
        cut = [_cut(text, size) for text in _join(sentences, size) if len(text) >= size]
        dice.shuffle(cut)
        samples += [(language, text) for text in cut[:most]]

    return samples


def _join(sentences: Sequence[str], size: int) -> Iterable[str]:
    if size < _JOINED:
        return sentences

    joined: list[str] = []
    for sentence in sentences:
        if len(sentence) < _SENTENCE:
            continue

        if joined and len(joined[-1]) < size:
            joined[-1] += " " + sentence
        else:
            joined.append(sentence)

    return joined


def _cut(text: str, size: int) -> str:
    end = text.find(" ", size)
    return text if end < 0 else text[: end if end < size * 1.6 else size]


def _read_locale(name: str) -> str | None:
    try:
        tag = languages.parse_language(name.replace("@latin", "-Latn").replace("_", "-"))
    except languages.UnknownLanguage:
        return None

    language = tag.split("-", maxsplit=1)[0]
    return language if language in JUDGED else None


def _read_messages(path: Path) -> Iterable[tuple[str, str]]:
    with path.open("rb") as file:
        catalog = gettext.GNUTranslations(file)

    for key, translated in vars(catalog)["_catalog"].items():
        original = key[0] if isinstance(key, tuple) else key
        if original and translated:
            yield original.rpartition("\x04")[2], translated
