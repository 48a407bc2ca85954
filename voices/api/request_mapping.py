"""Map a caller and a form to a request for speech.

Fields that are left out come from the key's defaults, or are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from accounts.authentication import Caller
from audio import encoding
from audio.encoding import Output
from consent.policy import channels, territories
from consent.policy.types import Place, unknown_place
from core.caller_notes import Notes
from core.errors import Fault, Invalid
from voices.providers.base import Prosody
from voices.synthesis_requests import SpeechRequest

_SPELL: Final[Mapping[Place, Callable[[str], str]]] = {
    "channel": channels.parse_channel,
    "territory": territories.parse_territory,
}


def require_field(value: str | None, default: str | None, attr: str) -> str:
    """Return the value, or the key's default.

    Raises Invalid (`language_required`, `use_case_required`) without either.
    """
    found = value or default
    if not found:
        code = f"{attr.rpartition('.')[2]}_required"
        detail = (
            f"Say the {attr.rpartition('.')[2].replace('_', ' ')}. This key has no default for it."
        )
        raise Invalid(detail, code=code, faults=(Fault(code=code, detail=detail, attr=attr),))
    return found


def resolve_place(
    value: str | None, default: str | None, name: Place, *, path: str = ""
) -> str | None:
    """Return the channel or territory, or the key's default.

    Raises Invalid (`channel_unknown`, `territory_unknown`).
    """
    word = value or default
    try:
        _SPELL[name](word or "*")
    except ValueError:
        fault = unknown_place(name, attr=f"{path}{name}")
        raise Invalid(fault.detail, code=fault.code, faults=(fault,)) from None
    return word


def to_speech_request(form: dict[str, Any], caller: Caller, *, path: str = "") -> SpeechRequest:
    """Return the request for one validated line.

    Raises Invalid for a field that neither form nor key has, and for the output.
    """
    output = dict(form.get("output", {}))
    padding = output.pop("padding", True)
    return SpeechRequest(
        voice_id=form["voice"],
        text=form["text"],
        language=require_field(form.get("language"), caller.default_language, f"{path}language"),
        use_case=require_field(form.get("use_case"), caller.default_use_case, f"{path}use_case"),
        channel=resolve_place(form.get("channel"), caller.default_channel, "channel", path=path),
        territory=resolve_place(
            form.get("territory"), caller.default_territory, "territory", path=path
        ),
        key_channel=caller.default_channel,
        key_territory=caller.default_territory,
        labels=tuple(form.get("labels", ())),
        output=encoding.check_output(Output(**output)),
        padding=padding,
        prosody=Prosody(**form.get("prosody", {})),
        disclosure=form.get("disclosure"),
        options=form.get("provider_options") or {},
        notes=Notes.from_form(form),
    )
