"""Texts for the cloned voice, in languages and for uses that the consent covers or not."""

from __future__ import annotations

from typing import Final

ENGLISH: Final = (
    "It was a bright cold evening, and the lamps along the harbour were lit one after another."
)
GERMAN: Final = (
    "Der alte Leuchtturm stand still am Meer, und niemand wusste, wer dort das Licht entzündete."
)
JAPANESE: Final = "港の灯りが一つずつともっていった。"
ADVERT: Final = "Switch to Harbour Light today and save twenty percent on your first order."
