"""What an engine can honour. Other fields and numbers out of range are refused, never clamped."""

from __future__ import annotations

from core.errors import Fault, Invalid
from voices.providers.base import Capabilities, UnsupportedField
from voices.synthesis_requests import SpeechRequest


def check_capabilities(request: SpeechRequest, provider: str, can: Capabilities) -> None:
    """Check that the engine of `provider` can do all that the request sets.

    Raises UnsupportedField, or Invalid (`out_of_range`).
    """
    _check_options(request, provider, can)
    if can.most_characters is not None and len(request.text) > can.most_characters:
        raise _out_of_range(
            "text", f"This provider takes at most {can.most_characters} characters at once."
        )
    if request.prosody.emotion is not None and request.prosody.emotion not in can.emotions:
        raise _unsupported_field(
            "prosody.emotion", "This engine cannot speak with an emotion on request."
        )
    _check_range("prosody.speed", request.prosody.speed, can.speed)
    _check_range("prosody.pitch_semitones", request.prosody.pitch_semitones, can.pitch_semitones)


def _check_range(attr: str, value: float, bounds: tuple[float, float]) -> None:
    least, most = bounds
    if not least <= value <= most:
        raise _out_of_range(attr, f"This must be from {least:g} to {most:g}.")


def _check_options(request: SpeechRequest, provider: str, can: Capabilities) -> None:
    """Check the provider's own options against its allow-list. Those of others are refused."""
    for name in sorted(set(request.options) - {provider}):
        raise _unsupported_field(
            f"provider_options.{name[:60]}",
            f"The voice is at `{provider}`, so the options stand below that name.",
        )

    if not isinstance(request.options.get(provider, {}), dict):
        raise _unsupported_field(f"provider_options.{provider}", "This must be an object.")

    for name, value in sorted(request.list_options(provider).items()):
        attr = f"provider_options.{provider}.{name[:60]}"
        if name not in can.options:
            raise _unsupported_field(attr, "This engine has no such option.")
        if wrong := can.options[name].describe_fault(value):
            raise _out_of_range(attr, wrong)


def _out_of_range(attr: str, detail: str) -> Invalid:
    fault = Fault(code="out_of_range", detail=detail, attr=attr)
    return Invalid(detail, code=fault.code, faults=(fault,))


def _unsupported_field(attr: str, detail: str) -> UnsupportedField:
    return UnsupportedField(
        detail, faults=(Fault(code="unsupported_field", detail=detail, attr=attr),)
    )
