"""From a caller and a form to an order: fields that are left out come from the key's defaults, or are refused."""

from __future__ import annotations

from typing import Any

from accounts.rest import Caller
from core.errors import Fault, Invalid
from provenance.audio import encoding
from provenance.audio.encoding import Output
from voices.orders import Asker, SpeechOrder
from voices.providers.base import Prosody


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


def line(form: dict[str, Any], caller: Caller, *, path: str = "") -> SpeechOrder:
    """The order of one validated line. Raises Invalid for what neither form nor key says, and for the output."""
    return SpeechOrder(
        voice_id=form["voice"],
        text=form["text"],
        language=named(form.get("language"), caller.default_language, f"{path}language"),
        use_case=named(form.get("use_case"), caller.default_use_case, f"{path}use_case"),
        channel=form.get("channel") or caller.default_channel,
        territory=form.get("territory") or caller.default_territory,
        labels=tuple(form.get("labels", ())),
        output=encoding.check(Output(**form.get("output", {}))),
        prosody=Prosody(**form.get("prosody", {})),
        disclosure=form.get("disclosure"),
        client_reference=form.get("client_reference") or "",
        external_id=form.get("external_id") or "",
        metadata=form.get("metadata", {}),
    )
