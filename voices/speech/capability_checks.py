"""What an engine can honour. Other fields and numbers out of range are refused, never clamped."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Fault, Invalid
from voices.providers.base import Capabilities, UnsupportedField
from voices.synthesis_requests import SpeechRequest


def check_capabilities(
    request: SpeechRequest, options: Mapping[str, object], can: Capabilities
) -> None:
    """Check that the engine can do all that the request sets.

    Raises UnsupportedField, or Invalid (`out_of_range`).
    """
    unknown = sorted(set(options) - can.options)
    if unknown:
        raise _unsupported_field(
            f"provider_options.{unknown[0][:60]}", "This engine has no such option."
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
        detail = f"This must be from {least:g} to {most:g}."
        raise Invalid(
            detail,
            code="out_of_range",
            faults=(Fault(code="out_of_range", detail=detail, attr=attr),),
        )


def _unsupported_field(attr: str, detail: str) -> UnsupportedField:
    return UnsupportedField(
        detail, faults=(Fault(code="unsupported_field", detail=detail, attr=attr),)
    )
