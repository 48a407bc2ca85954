"""From a caller and a form to an order: fields that are left out come from the key's defaults, or are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from accounts.rest import Caller
from consent.rules import channels, territories
from consent.rules.asks import Place, unknown_place
from core.errors import Fault, Invalid
from core.notes import Notes
from provenance.audio import encoding
from provenance.audio.encoding import Output
from voices.orders import Asker, SpeechOrder
from voices.providers.base import Prosody

_SPELL: Final[Mapping[Place, Callable[[str], str]]] = {
    "channel": channels.canonical,
    "territory": territories.canonical,
}


def asker(caller: Caller) -> Asker:
    """Who asks."""
    return Asker(organisation_id=caller.organisation_id, livemode=caller.livemode, actor=caller.actor)


def named(value: str | None, default: str | None, attr: str) -> str:
    """The value, or the key's default. Raises Invalid (`language_required`, `use_case_required`) without either."""
    found = value or default
    if not found:
        code = f"{attr.rpartition('.')[2]}_required"
        detail = f"Say the {attr.rpartition('.')[2].replace('_', ' ')}; this key has no default for it."
        raise Invalid(detail, code=code, faults=(Fault(code=code, detail=detail, attr=attr),))
    return found


def placed(value: str | None, default: str | None, name: Place, *, path: str = "") -> str | None:
    """The channel or territory, or the key's default. Raises Invalid (`channel_unknown`, `territory_unknown`)."""
    word = value or default
    try:
        _SPELL[name](word or "*")
    except ValueError:
        fault = unknown_place(name, attr=f"{path}{name}")
        raise Invalid(fault.detail, code=fault.code, faults=(fault,)) from None
    return word


def line(form: dict[str, Any], caller: Caller, *, path: str = "") -> SpeechOrder:
    """The order of one validated line. Raises Invalid for what neither form nor key says, and for the output."""
    return SpeechOrder(
        voice_id=form["voice"],
        text=form["text"],
        language=named(form.get("language"), caller.default_language, f"{path}language"),
        use_case=named(form.get("use_case"), caller.default_use_case, f"{path}use_case"),
        channel=placed(form.get("channel"), caller.default_channel, "channel", path=path),
        territory=placed(form.get("territory"), caller.default_territory, "territory", path=path),
        key_channel=caller.default_channel,
        key_territory=caller.default_territory,
        labels=tuple(form.get("labels", ())),
        output=encoding.check(Output(**form.get("output", {}))),
        prosody=Prosody(**form.get("prosody", {})),
        disclosure=form.get("disclosure"),
        notes=notes_of(form),
    )


def notes_of(form: dict[str, Any]) -> Notes:
    """What the caller wrote for their own use."""
    return Notes(
        external_id=form.get("external_id") or "",
        metadata=form.get("metadata", {}),
        client_reference=form.get("client_reference") or "",
    )
