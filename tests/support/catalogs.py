"""Translations in tests: compile what is stale, and translate one sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

LOCALE: Final = Path(settings.BASE_DIR) / "locale"


def compile_stale_catalogs() -> None:
    """Compile each `.po` that is newer than its `.mo`, for runs that come without `make`."""
    for source in LOCALE.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue

        # Several test processes start together, so the file appears whole or not at all.
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        with source.open("rb") as read, draft.open("wb") as written:
            write_mo(written, read_po(read))

        draft.replace(target)


def translate(text: str | Promise, language: str) -> str:
    """Return a sentence in a language."""
    with translation.override(language):
        return translation.gettext(text) if isinstance(text, str) else str(text)
