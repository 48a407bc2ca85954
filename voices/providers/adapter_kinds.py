"""What the registry knows of an adapter before it is connected: its address, keys and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.canonical_json import Json
from voices.providers.base import Provider
from voices.providers.preset_voices import ReviewedPreset

KeptObject = Literal["spoken consent", "recordings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedAccount:
    """An account, opened for one call. `account_id` names its places and its circuit breaker."""

    account_id: str
    base_url: str
    credentials: Mapping[str, str] = field(repr=False)
    audio_origins: tuple[str, ...] = ()
    settings: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterKind:
    """One kind of provider.

    `base_url` is the provider's own address, None where every operator has another one.
    `credential_names` are what an account must hold, and `optional_credentials` what it may.
    `is_self_hosted` engines may stand in a network that the operator's list names.
    `check_settings` returns the canonical settings of an account, or raises Invalid.
    `kept_objects` are what it keeps of a voice beside the voice, which goes with a deletion.
    `presets` are its own voices that may have a licence record. The first two must sound different,
    and `unknown_preset` is a name that it must refuse.
    """

    name: str
    connect: Callable[[ConnectedAccount], Provider]
    base_url: str | None
    credential_names: frozenset[str] = frozenset({"api_key"})
    optional_credentials: frozenset[str] = frozenset()
    is_self_hosted: bool = False
    check_settings: Callable[[Mapping[str, Json]], Mapping[str, Json]] | None = None
    kept_objects: tuple[KeptObject, ...] = ()
    presets: tuple[ReviewedPreset, ...] = ()
    unknown_preset: str = ""
