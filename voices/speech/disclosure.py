"""The duty to say that a voice is synthetic: how much a call must say, and the sentence that says
it.

The duty is the strictest of three: what the voice owner granted (`min_disclosure`), what the
organisation's policy wants for the channel and territory (`policy["disclosure"]`), and what the
caller asks for. A caller may ask for more, never for less, and naming another place than the key's
own takes nothing away. Why audible and first: EU AI Act Art. 50(4) and (5) and its code of
practice, China's GB 45438-2025.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from consent.policy import channels, languages, territories
from core.errors import Fault, Invalid


class Disclosure(StrEnum):
    """What has to be said: nothing, a label that the clip is shown with, or a sentence spoken
    first.
    """

    NONE = "none"
    LABEL = "label"
    SPOKEN = "spoken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where a clip may be heard, as its duties see it: each channel and territory counts.

    None is any of them.
    """

    channels: tuple[str | None, ...] = (None,)
    territories: tuple[str | None, ...] = (None,)


Spell = Callable[[str], str]
_PLACES: Final[Mapping[str, Spell]] = {
    "channels": channels.parse_channel,
    "territories": territories.parse_territory,
}
_STRICTNESS: Final = (Disclosure.NONE, Disclosure.LABEL, Disclosure.SPOKEN)

# By the language of a canonical tag. One that is not here cannot be disclosed in speech, and such a
# call is refused.
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
    "nl": "Deze stem is synthetisch.",
    "no": "Denne stemmen er syntetisk.",
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


def resolve_reach(
    *,
    channel: str | None,
    territory: str | None,
    key_channel: str | None = None,
    key_territory: str | None = None,
) -> Reach:
    """Return the reach of a call: where it goes by its own words, and where its key's calls go by
    default.

    Both count, so that no word of a call takes away a duty that it would have without that word.
    """
    return Reach(
        channels=_named_and_default(channel, key_channel),
        territories=_named_and_default(territory, key_territory),
    )


def _named_and_default(named: str | None, default: str | None) -> tuple[str | None, ...]:
    return (named, default) if default else (named,)


def decide_disclosure(
    *, asked: str | None, granted: str, policy: object, reach: Reach
) -> Disclosure:
    """Return how much must be said.

    Raises Invalid (`disclosure_required`) when the caller asks for less than that.
    """
    wanted = Disclosure(asked) if asked is not None else None
    bound = _pick_strictest([_parse_mode(granted), *_modes_of_policy(policy, reach)])
    if wanted is not None and _pick_strictest([wanted, bound]) != wanted:
        detail = f"Here at least “{bound.value}” is required."
        fault = Fault(code="disclosure_required", detail=detail, attr="disclosure")
        raise Invalid(detail, code="disclosure_required", faults=(fault,))
    return wanted or bound


def prepend_disclosure(text: str, *, language: str, disclosure: Disclosure) -> str:
    """Return the text, with the sentence in front of it where one must be spoken.

    Raises Invalid (`disclosure_unavailable`) when we have no sentence in this language.
    """
    if disclosure != Disclosure.SPOKEN:
        return text
    tag = _canonicalize_code(languages.parse_language, language) or ""
    sentence = SENTENCES.get(tag.partition("-")[0])
    if sentence is None:
        detail = "There is no spoken disclosure in this language."
        fault = Fault(code="disclosure_unavailable", detail=detail, attr="disclosure")
        raise Invalid(detail, code="disclosure_unavailable", faults=(fault,))
    return f"{sentence}\n\n{text}"


def check_disclosure_policy(value: Any) -> None:
    """Raise ValueError unless this is a list of entries as `decide_disclosure` reads them."""
    check_places(value, also=frozenset({"mode"}))
    if any(entry.get("mode") not in [mode.value for mode in Disclosure] for entry in value):
        raise ValueError(f"must have modes out of {', '.join(Disclosure)}")


def canonical_policy(value: Any) -> Any:
    """Return a valid list of entries with every channel and territory in its one spelling."""
    return [
        {
            **entry,
            **{
                name: list(dict.fromkeys(map(spell, entry[name])))
                for name, spell in _PLACES.items()
                if name in entry
            },
        }
        for entry in value
    ]


def check_places(value: Any, *, also: Set[str]) -> None:
    """Check that this is a list of objects with lists of channels and territories, and fields of
    `also`.

    Raises ValueError.
    """
    if not isinstance(value, list):
        raise ValueError("must be a list")  # noqa: TRY004 - what a check of the policy raises
    for entry in value:
        if not isinstance(entry, dict) or set(entry) - {*_PLACES, *also}:
            raise ValueError(f"must hold objects with {', '.join([*_PLACES, *sorted(also)])}")
        for name, spell in _PLACES.items():
            listed = entry.get(name, [])
            if not isinstance(listed, list) or not all(isinstance(code, str) for code in listed):
                raise ValueError("must have lists of codes as channels and territories")
            if unknown := [code for code in listed if _canonicalize_code(spell, code) is None]:
                raise ValueError(f"must have {name} that exist: {unknown[0][:64]!r} does not")


def concerns_reach(entry: Mapping[str, Any], reach: Reach) -> bool:
    """Check whether a policy's entry is about one of these channels and one of these territories.

    A place that the call does not name may be any, and so may an empty list. What cannot be read
    counts as named.
    """
    return _matches_any(
        entry.get("channels"), reach.channels, channels.parse_channel, _is_same_code
    ) and _matches_any(
        entry.get("territories"),
        reach.territories,
        territories.parse_territory,
        territories.has_overlap,
    )


def _modes_of_policy(policy: object, reach: Reach) -> Iterable[Disclosure]:
    """Return what the policy's entries want: `[{"channels": [...], "territories": [...], "mode":
    "spoken"}]`.

    An entry without channels or territories is about all of them. What cannot be read counts as the
    strictest.
    """
    if not isinstance(policy, list):
        return [Disclosure.SPOKEN] if policy else []
    return [
        _parse_mode(entry.get("mode")) if isinstance(entry, dict) else Disclosure.SPOKEN
        for entry in policy
        if not isinstance(entry, dict) or concerns_reach(entry, reach)
    ]


def _matches_any(
    listed: Any, values: Iterable[str | None], spell: Spell, meet: Callable[[str, str], bool]
) -> bool:
    if not isinstance(listed, list) or not listed:
        return True
    codes = [_canonicalize_code(spell, code) for code in listed]
    asked = [_canonicalize_code(spell, value) for value in values]
    return any(one is None or code is None or meet(code, one) for one in asked for code in codes)


def _is_same_code(code: str, asked: str) -> bool:
    return code == asked or channels.ANY in {code, asked}


def _canonicalize_code(spell: Spell, code: object) -> str | None:
    """Return the one spelling of a code, or None for what is no code."""
    try:
        return spell(code) if isinstance(code, str) else None
    except ValueError:
        return None


def _parse_mode(mode: object) -> Disclosure:
    return (
        Disclosure(mode) if isinstance(mode, str) and mode in set(Disclosure) else Disclosure.SPOKEN
    )


def _pick_strictest(several: Iterable[Disclosure]) -> Disclosure:
    return max(several, key=_STRICTNESS.index, default=Disclosure.NONE)
