"""One sentence in each of some languages, for calls that name a language beside English."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "de": "Der Hafen lag still, und der Nebel hatte sich noch nicht gehoben.",
    "es": "El puerto estaba tranquilo y la niebla aún no se había levantado.",
    "fr": "Le port était calme et la brume ne s'était pas encore levée.",
    "it": "Il porto era tranquillo e la nebbia non si era ancora alzata.",
    "ja": "港は静かで、霧はまだ晴れていませんでした。",
    "pt": "O porto estava calmo e a névoa ainda não se tinha levantado.",
}
