"""The duty to say that a voice is synthetic: how much must be said of one call, and the sentence that says it.

The duty is the strictest of three: what the voice owner granted (`min_disclosure`), what the organisation's policy
wants for the channel and territory (`policy["disclosure"]`), and what the caller asks for. A caller may ask for more,
never for less. Why audible and first: EU AI Act Art. 50(4) and (5) and its code of practice; China's GB 45438-2025.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from enum import StrEnum
from typing import Any, Final

from core.errors import Fault, Invalid


class Disclosure(StrEnum):
    """What has to be said: nothing, a label that whoever shows the clip must show, a sentence that is spoken first."""

    NONE = "none"
    LABEL = "label"
    SPOKEN = "spoken"


_STRICTNESS: Final = (Disclosure.NONE, Disclosure.LABEL, Disclosure.SPOKEN)

# By primary language tag. A language that is not here cannot be disclosed in speech, and such a call is refused.
SENTENCES: Final[Mapping[str, str]] = {
    "cs": "Tento hlas je umělý.",
    "da": "Denne stemme er syntetisk.",
    "de": "Diese Stimme ist künstlich erzeugt.",
    "el": "Αυτή η φωνή είναι συνθετική.",
    "en": "This voice is synthetic.",
    "es": "Esta voz es sintética.",
    "et": "See hääl on sünteetiline.",
    "fi": "Tämä ääni on synteettinen.",
    "fr": "Cette voix est synthétique.",
    "hu": "Ez a hang szintetikus.",
    "it": "Questa voce è sintetica.",
    "ja": "この音声は合成されたものです。",
    "ko": "이 음성은 합성된 것입니다.",
    "nb": "Denne stemmen er syntetisk.",
    "nl": "Deze stem is synthetisch.",
    "pl": "Ten głos jest syntetyczny.",
    "pt": "Esta voz é sintética.",
    "ro": "Această voce este sintetică.",
    "ru": "Этот голос синтезирован.",
    "sk": "Tento hlas je umelý.",
    "sv": "Den här rösten är syntetisk.",
    "tr": "Bu ses sentetiktir.",
    "uk": "Цей голос синтезований.",
    "zh": "此语音由人工智能合成。",
}


def duty(*, asked: str | None, granted: str, policy: object, channel: str | None, territory: str | None) -> Disclosure:
    """How much must be said. Raises Invalid (`disclosure_required`) when the caller asks for less than that."""
    wanted = Disclosure(asked) if asked is not None else None
    bound = _strictest([_read(granted), *_of_policy(policy, channel=channel, territory=territory)])
    if wanted is not None and _strictest([wanted, bound]) != wanted:
        detail = f"Here at least “{bound.value}” is required."
        fault = Fault(code="disclosure_required", detail=detail, attr="disclosure")
        raise Invalid(detail, code="disclosure_required", faults=(fault,))
    return wanted or bound


def spoken(text: str, *, language: str, disclosure: Disclosure) -> str:
    """The text with the sentence in front of it, where one must be spoken.

    Raises Invalid (`disclosure_unavailable`) when we have no sentence in this language.
    """
    if disclosure != Disclosure.SPOKEN:
        return text
    sentence = SENTENCES.get(language.partition("-")[0].lower())
    if sentence is None:
        detail = "There is no spoken disclosure in this language."
        fault = Fault(code="disclosure_unavailable", detail=detail, attr="disclosure")
        raise Invalid(detail, code="disclosure_unavailable", faults=(fault,))
    return f"{sentence}\n\n{text}"


def check_policy(value: Any) -> None:
    """Raise ValueError unless this is a list of entries as `duty` reads them."""
    check_places(value, also=frozenset({"mode"}))
    if any(entry.get("mode") not in [mode.value for mode in Disclosure] for entry in value):
        raise ValueError(f"must have modes out of {', '.join(Disclosure)}")


def check_places(value: Any, *, also: Set[str]) -> None:
    """Raise ValueError unless this is a list of objects with channels and territories, lists, and fields of `also`."""
    if not isinstance(value, list):
        raise ValueError("must be a list")  # noqa: TRY004 - what a check of the policy raises
    for entry in value:
        if not isinstance(entry, dict) or set(entry) - {"channels", "territories", *also}:
            raise ValueError(f"must hold objects with {', '.join(['channels', 'territories', *sorted(also)])}")
        for listed in (entry.get("channels", []), entry.get("territories", [])):
            if not isinstance(listed, list) or not all(isinstance(code, str) for code in listed):
                raise ValueError("must have lists of codes as channels and territories")


def _of_policy(policy: object, *, channel: str | None, territory: str | None) -> Iterable[Disclosure]:
    """What the policy's entries want: `[{"channels": [...], "territories": [...], "mode": "spoken"}]`.

    An entry without channels or territories is about all of them. What cannot be read counts as the strictest.
    """
    if not isinstance(policy, list):
        return [Disclosure.SPOKEN] if policy else []
    return [
        _read(entry.get("mode")) if isinstance(entry, dict) else Disclosure.SPOKEN
        for entry in policy
        if not isinstance(entry, dict)
        or (covers(entry.get("channels"), channel) and covers(entry.get("territories"), territory))
    ]


def covers(listed: Any, value: str | None) -> bool:
    """Whether an entry's list is about this value; a value that nobody named may be any, so it is."""
    return not isinstance(listed, list) or not listed or value is None or value in listed or "*" in listed


def _read(mode: object) -> Disclosure:
    return Disclosure(mode) if isinstance(mode, str) and mode in set(Disclosure) else Disclosure.SPOKEN


def _strictest(several: Iterable[Disclosure]) -> Disclosure:
    return max(several, key=_STRICTNESS.index, default=Disclosure.NONE)
