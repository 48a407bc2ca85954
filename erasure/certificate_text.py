"""The words of an erasure certificate: what went, what stays, and why.

They stand in the signed certificate, so they are versioned texts (`core/signed_texts.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from core import signed_texts

LOCALES: Final = ("en", "de")
VERSION: Final = 2
FOLDER: Final = Path(__file__).parent / "texts"


def get_sentence(name: str, locale: str) -> str:
    """Return a sentence of the certificate."""
    return str(_load_words(locale)["sentences"][name])


def describe_ground(asset: str, locale: str) -> str:
    """Return why this target is kept."""
    return str(_load_words(locale)["grounds"][asset])


def describe_target(system: str, asset: str, method: str, locale: str) -> str:
    """Return the name of a target in plain words."""
    words = _load_words(locale)
    if method == "provider_delete":
        _, _, kept = asset.partition(" ")
        name = words["provider_objects"][kept] if kept else words["provider_voice"]
        return str(name).format(system=system)
    if method == "key_destroy":
        return str(words["person_key"])

    return str(words["targets"][asset])


def describe_method(method: str, locale: str, *, seen: str = "") -> str:
    """Return what happened to a target. `seen` is by what a provider's copy was seen to be gone."""
    words = _load_words(locale)
    return str(words["provider_proofs"][seen] if seen else words["methods"][method])


def choose_locale(tag: str) -> str:
    """Return the language of the certificate for a reader of the language `tag`."""
    language = tag.partition("-")[0].lower()
    return language if language in LOCALES else LOCALES[0]


def _load_words(locale: str) -> Mapping[str, Any]:
    return signed_texts.load_text(FOLDER, "certificate", version=VERSION, locale=locale)
