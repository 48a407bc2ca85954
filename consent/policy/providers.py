"""Providers: who makes a voice and speaks with it, and what a person is told of each.

The list is closed, because a person who signs must know who receives their recordings. The facts
are in `consent/data/providers.json`. A fact that no document states is None there, and the person
reads that it is not stated. Pure.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from consent.policy.code_spelling import normalise_code
from core.canonical_json import Json

LOCAL: Final = "local"
"""The built-in engine."""
UNTIL_CONSENT_ENDS: Final = "consent"
RUNS: Final = ("service", "company", "organisation", "unknown")
KEPT: Final = ("consent_recording", "recordings", "voice_model", "texts", "output_audio")
Runs = Literal["service", "company", "organisation", "unknown"]

_DATA: Final = Path(__file__).parent.parent / "data" / "providers.json"
_OTHER_SPELLINGS: Final = {
    "built_in": LOCAL,
    "eleven_labs": "elevenlabs",
    "fish_audio": "fish",
    "open_ai": "openai",
    "tensor_one": "tensorone",
}
_CLOSE: Final = 0.5


class UnknownProvider(ValueError):
    """A text that names no known provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptData:
    """One thing that a provider keeps.

    `what` is a code of `KEPT`. `lasts` is an ISO 8601 duration, `UNTIL_CONSENT_ENDS`, or None where
    no document states it.
    """

    what: str
    lasts: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """What a person is told of a provider.

    `runs` says on whose servers: those of this `service`, of the `company` itself, of the
    `organisation` that asks, or `unknown`. `country` is ISO 3166-1. `keeps` is None where no
    document states it. `terms` is an address, and `terms_read` the day on which they were read.
    """

    code: str
    name: str
    runs: Runs
    country: str | None
    keeps: tuple[KeptData, ...] | None
    terms: str | None
    terms_read: str | None


def provider_to_json(facts: ProviderFacts) -> dict[str, Json]:
    """Return the facts as the record has them."""
    return {
        "code": facts.code,
        "name": facts.name,
        "runs": facts.runs,
        "country": facts.country,
        "keeps": (
            None
            if facts.keeps is None
            else [{"what": one.what, "lasts": one.lasts} for one in facts.keeps]
        ),
        "terms": facts.terms,
        "terms_read": facts.terms_read,
    }


def provider_from_json(value: Mapping[str, Any]) -> ProviderFacts:
    """Return the facts of a record or of the table."""
    keeps = value["keeps"]
    return ProviderFacts(
        code=str(value["code"]),
        name=str(value["name"]),
        runs=cast("Runs", value["runs"]),
        country=value["country"],
        keeps=(
            None
            if keeps is None
            else tuple(KeptData(what=str(one["what"]), lasts=one["lasts"]) for one in keeps)
        ),
        terms=value["terms"],
        terms_read=value["terms_read"],
    )


PROVIDERS: Final[Mapping[str, ProviderFacts]] = MappingProxyType(
    {
        code: provider_from_json({**row, "code": code})
        for code, row in json.loads(_DATA.read_text(encoding="utf-8")).items()
    }
)
"""Code -> facts, the built-in engine first."""
LISTED: Final = ", ".join(PROVIDERS)


@lru_cache(maxsize=1024)
def parse_provider(text: str) -> str:
    """Return the one spelling of a provider: `Fish Audio` -> `fish`, `vLLM-Omni` -> `vllm_omni`.

    Raises UnknownProvider.
    """
    code = normalise_code(text)
    code = _OTHER_SPELLINGS.get(code, code)
    if code not in PROVIDERS:
        raise UnknownProvider(text[:32])

    return code


def find_nearest_providers(text: str) -> tuple[str, ...]:
    """Return the providers that are spelt most like this text, the nearest first."""
    code = normalise_code(text)
    if not code:
        return ()

    return tuple(difflib.get_close_matches(code, list(PROVIDERS), n=3, cutoff=_CLOSE))


def sort_providers(codes: Iterable[str]) -> list[str]:
    """Return each canonical code once, in the order in which they are stored and signed."""
    return sorted(set(codes))


def list_only_local() -> list[str]:
    """Return what a consent covers that names no provider: the built-in engine alone."""
    return [LOCAL]


def read_signed_providers(record: Mapping[str, Any]) -> tuple[ProviderFacts, ...]:
    """Return the providers that a signed record names, with the facts that the person read.

    A record from before providers were part of the scope names none: the built-in engine was the
    only one.
    """
    named = record.get("providers")
    if named is None:
        return (PROVIDERS[LOCAL],)

    return tuple(provider_from_json(one) for one in named)


def read_signed_codes(record: Mapping[str, Any]) -> frozenset[str]:
    """Return the codes of the providers that a signed record names."""
    return frozenset(str(one["code"]) for one in record.get("providers", ({"code": LOCAL},)))
