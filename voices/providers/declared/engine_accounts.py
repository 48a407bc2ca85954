"""Accounts at declared engines: how one is connected, and what its settings may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from core.canonical_json import Json
from core.errors import Fault, Invalid
from voices.providers.adapter_kinds import AdapterKind, ConnectedAccount
from voices.providers.declared.adapter import (
    DeclaredEngine,
    ListingEngine,
    StreamingEngine,
    StreamingListingEngine,
)
from voices.providers.declared.declarations import EngineDeclaration

RATES: Final = (8_000, 96_000)
_MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,199}")


def build_engine_kind(declaration: EngineDeclaration) -> AdapterKind:
    """Return what the registry knows of an engine. A key is needed by hosted ones alone."""
    hosted, key = not declaration.is_self_hosted, frozenset({"api_key"})
    return AdapterKind(
        name=declaration.name,
        connect=partial(connect_engine, declaration),
        base_url=declaration.base_url,
        credential_names=key if hosted else frozenset(),
        optional_credentials=frozenset() if hosted else key,
        is_self_hosted=not hosted,
        check_settings=partial(check_engine_settings, declaration),
        presets=declaration.presets,
        unknown_preset=declaration.unknown_preset,
    )


def connect_engine(
    declaration: EngineDeclaration,
    account: ConnectedAccount,
    *,
    headers: Mapping[str, str] | None = None,
) -> DeclaredEngine:
    """Return the adapter for one account, with the methods that the declaration has calls for."""
    kinds = {
        (False, False): DeclaredEngine,
        (False, True): ListingEngine,
        (True, False): StreamingEngine,
        (True, True): StreamingListingEngine,
    }
    kind = kinds[declaration.stream is not None, declaration.listing is not None]
    return kind(declaration, account, headers=headers)


def check_engine_settings(
    declaration: EngineDeclaration, settings: Mapping[str, Json]
) -> Mapping[str, Json]:
    """Return the settings of an account at an engine. Raises Invalid with the field's name."""
    allowed = declaration.settings | declaration.needed
    for name in sorted(set(settings) - allowed):
        raise refuse_setting(name[:60], "unknown_field", "This engine has no such setting.")
    for name in sorted(declaration.needed - set(settings)):
        raise refuse_setting(name, "required", "This engine needs it.")

    checks: Mapping[str, Callable[[Json], None]] = {
        "model": _check_model,
        "sample_rate_hz": check_sample_rate,
    }
    for name, value in settings.items():
        checks[name](value)

    return dict(sorted(settings.items()))


def check_sample_rate(value: Json, *, attr: str = "sample_rate_hz") -> None:
    """Check the rate of headerless samples. Raises Invalid."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not RATES[0] <= int(str(value)) <= RATES[1]:
        detail = f"Give a whole number from {RATES[0]} to {RATES[1]}."
        raise refuse_setting(attr, "out_of_range", detail)


def refuse_setting(attr: str, code: str, detail: str) -> Invalid:
    """Return the error about one setting of an account."""
    return Invalid(detail, faults=(Fault(code=code, detail=detail, attr=f"settings.{attr}"),))


def _check_model(value: Json) -> None:
    if not isinstance(value, str) or not _MODEL.fullmatch(value) or ".." in value:
        raise refuse_setting("model", "invalid", "Give the model's name as the engine has it.")
