"""What an engine can honour: fields that it cannot, and numbers out of range, are refused; nothing
is clamped.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Fault, Invalid
from voices.providers.base import Capabilities, UnsupportedField
from voices.synthesis_requests import SpeechRequest


def check_capabilities(
    order: SpeechRequest, options: Mapping[str, object], can: Capabilities
) -> None:
    """Raise UnsupportedField or Invalid (`out_of_range`) unless the engine can do all that the
    order sets.
    """
    unknown = sorted(set(options) - can.options)
    if unknown:
        raise _unsupported_field(
            f"provider_options.{unknown[0][:60]}", "This engine has no such option."
        )
    if order.prosody.emotion is not None and order.prosody.emotion not in can.emotions:
        raise _unsupported_field(
            "prosody.emotion", "This engine cannot speak with an emotion on request."
        )
    _check_range("prosody.speed", order.prosody.speed, can.speed)
    _check_range("prosody.pitch_semitones", order.prosody.pitch_semitones, can.pitch_semitones)


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
