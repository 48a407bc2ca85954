"""Writes denial reasons as helpful sentences: what was asked beside what was agreed to.

Pure, and free of what callers wrote.

The policy decides millions of times with short sentences. Only a decision that leaves the gate is
put into these. A caller's code is repeated only when it is one that we know: anything else could be
a person's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from consent.documents import plain_language
from consent.policy import actions, channels, languages, providers, territories, use_cases
from consent.policy.text_checks import PART
from consent.policy.types import Reason

_LOCALE: Final = "en"
_CONSENT: Final = "consent"
_GRANT: Final = "nearest grant"
"""Whose words `granted` are. Of several grants another one may cover what the nearest lacks."""


def explain_reason(reason: Reason, *, of_several: bool = False) -> Reason:
    """Return the reason with its sentence made concrete. One that needs no more stays as it is.

    `of_several`: the consent has other grants beside the one that the reason is about. They may
    cover what this one does not.
    """
    say = SENTENCES.get(reason.code)
    detail = say(reason, _GRANT if of_several else _CONSENT) if say else None
    return replace(reason, detail=detail) if detail else reason


def _refuse(asked: str, reason: Reason, holder: str) -> str:
    covered = _join_granted(reason)
    asked = asked[:1].upper() + asked[1:]  # "the United Kingdom (GB)" begins the sentence
    if holder == _CONSENT:
        return f"{asked} was not agreed to. The consent covers {covered}."
    return f"{asked} is not in the {holder}, which covers {covered}."


def _ask_for(field: str, reason: Reason, holder: str) -> str:
    return f"The call names no `{field}`. The {holder} covers {_join_granted(reason)} alone."


def _explain_language(reason: Reason, holder: str) -> str | None:
    asked = _name_language(reason)
    if asked is None:
        return None

    said = _refuse(asked, reason, holder)
    return f"{PART} {said}" if reason.detail == PART else said


def _explain_mismatch(reason: Reason, holder: str) -> str | None:
    read = _name_language(reason)
    return (
        read and f"{reason.detail} It reads as {read}. The {holder} covers {_join_granted(reason)}."
    )


def _name_language(reason: Reason) -> str | None:
    try:
        tag = languages.parse_language(str(reason.required))
    except languages.UnknownLanguage:
        return None

    name = plain_language.name_language(tag, _LOCALE)
    return tag if name == tag else f"{name} ({tag})"


def _explain_use_case(reason: Reason, holder: str) -> str | None:  # noqa: ARG001 - all have one shape
    if reason.required not in use_cases.CODES:
        return None
    # Agreed to, but not with everything that the call may mean by it.
    if reason.required in reason.granted:
        children = ", ".join(use_cases.list_covered_children(str(reason.required)))
        return (
            f"{reason.required} includes uses that need a consent of their own, so a call must "
            "name a narrower use. "
            f"Name one of: {children}."
        )
    # Here the uses of all grants are listed.
    return _refuse(f"The use {reason.required}", reason, _CONSENT)


def _explain_action(reason: Reason, holder: str) -> str | None:
    if reason.required not in actions.ACTIONS or not reason.granted:
        return None
    return _refuse(f"The act {reason.required}", reason, holder)


def _explain_channel(reason: Reason, holder: str) -> str:
    if reason.required is None:
        return _ask_for("channel", reason, holder)
    try:
        asked = f"The channel {channels.parse_channel(str(reason.required))}"
    except channels.UnknownChannel:
        asked = "A channel that we do not know"
    return _refuse(asked, reason, holder)


def _explain_territory(reason: Reason, holder: str) -> str:
    if reason.required is None:
        return _ask_for("territory", reason, holder)
    try:
        code = territories.parse_territory(str(reason.required))
        asked = f"{plain_language.name_territory(code, _LOCALE)} ({code})"
    except territories.UnknownTerritory:
        asked = "A territory that we do not know"
    return _refuse(asked, reason, holder)


def _explain_provider(reason: Reason, holder: str) -> str | None:  # noqa: ARG001 - all have one shape
    facts = providers.PROVIDERS.get(str(reason.required))
    if facts is None:
        return None
    # A fact of the whole consent: no grant covers more.
    return _refuse(f"The provider {facts.name} ({facts.code})", reason, _CONSENT)


def _explain_assurance(reason: Reason, holder: str) -> str:  # noqa: ARG001 - all have one shape
    return (
        f"This use needs a consent at level {reason.required}. This one is at "
        f"{_join_granted(reason)}."
    )


def _explain_unknown_use_case(reason: Reason, holder: str) -> str:  # noqa: ARG001 - as above
    return (
        f"The call names no use case that we know. Name in `use_case` one of: {use_cases.LISTED}."
    )


def _explain_unknown_language(reason: Reason, holder: str) -> str:  # noqa: ARG001 - as above
    return f"The call names in `language` no specific language that we know. {languages.HOW_TO}"


SENTENCES: Final[Mapping[str, Callable[[Reason, str], str | None]]] = {
    "assurance_too_low": _explain_assurance,
    "action_not_covered": _explain_action,
    "use_case_not_covered": _explain_use_case,
    "use_case_unknown": _explain_unknown_use_case,
    "language_not_covered": _explain_language,
    "language_mismatch": _explain_mismatch,
    "language_unknown": _explain_unknown_language,
    "channel_not_covered": _explain_channel,
    "territory_not_covered": _explain_territory,
    "provider_not_covered": _explain_provider,
}


def _join_granted(reason: Reason) -> str:
    return ", ".join(str(one) for one in reason.granted)
