"""Which rates go with which codec, in JSON Schema: as the encoders refuse them."""

from __future__ import annotations

from typing import Any, Final

from audio import encoding
from audio.encoding import Output
from core.errors import Invalid

Rule = dict[str, Any]


def _describe_codec(codec: str) -> list[Rule]:
    """Return the outputs of one codec: each set of bit rates with the sample rates that have it."""
    groups: dict[str, tuple[Rule, list[int | None]]] = {}
    for rate in (None, *encoding.list_sample_rates(codec)):
        allowed = _describe_bit_rates(codec, rate)
        groups.setdefault(repr(allowed), (allowed, []))[1].append(rate)

    return [_describe_outputs(codec, rates, allowed) for allowed, rates in groups.values()]


def _describe_outputs(codec: str, rates: list[int | None], bit_rates: Rule) -> Rule:
    # An output that names no codec has the default one. One that names no sample rate has that of
    # null.
    named = {"codec": codec != Output().codec, "sample_rate_hz": None not in rates}

    return {
        "required": [name for name, must in named.items() if must],
        "properties": {
            "codec": {"const": codec},
            "sample_rate_hz": {"enum": rates},
            "bit_rate_bps": bit_rates,
        },
    }


def _describe_bit_rates(codec: str, rate: int | None) -> Rule:
    """Return what `bit_rate_bps` may be at a sample rate, or at the default one."""
    found = encoding.get_bit_rates(codec, rate or encoding.get_default_rate(Output(codec=codec)))
    if found is None:
        return {"type": "null"}
    if not found.listed:
        return {"minimum": found.least, "maximum": found.most}

    listed = {
        bit_rate
        for one in encoding.list_sample_rates(codec)
        if (rates := encoding.get_bit_rates(codec, one))
        for bit_rate in rates.listed
    }
    fitting = [bit_rate for bit_rate in sorted(listed) if _is_taken(codec, rate, bit_rate)]

    return {"enum": [*fitting, None]}


def _is_taken(codec: str, rate: int | None, bit_rate: int) -> bool:
    try:
        encoding.check_output(Output(codec=codec, sample_rate_hz=rate, bit_rate_bps=bit_rate))
    except Invalid:
        return False

    return True


RULES: Final = (
    {"anyOf": [found for codec in encoding.CODECS for found in _describe_codec(codec)]},
)
