"""The voices that a proxy shows, makes and speaks with: those of its own provider."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from django.db.models import Q, QuerySet

from accounts.authentication import Caller
from core import canonical_json
from core.errors import NotFound
from proxies import magic_voices
from voices import repeated_clones, voice_library, voice_selectors
from voices.models import LIVE, Voice, VoiceState
from voices.providers import account_access
from voices.synthesis_requests import CloneRequest

LOCAL: Final = "local"
SHARED_SHAPE: Final = "openai"
"""The proxy whose shape engines of an organisation's own have, too."""


def choose_provider(name: str, caller: Caller) -> str:
    """Return the provider behind a proxy: itself, or the built-in engine for a test key without an
    account.

    Raises ProviderNotConnected for a live key without an account.
    """
    if account_access.find_account(name, caller.principal) is not None:
        return name
    if caller.livemode:
        account_access.open_account(name, caller.principal)

    return LOCAL


def list_proxied_voices(name: str, caller: Caller) -> QuerySet[Voice]:
    """Return the caller's voices that this proxy speaks with, newest first.

    They are those of its provider, for a test key also those of the built-in engine, and in
    OpenAI's shape those of the engines that the organisation runs itself.
    """
    own = Q(provider__in=_list_spoken_providers(name, caller))
    rows = voice_selectors.list_voices(caller.principal).filter(own, state__in=LIVE)
    return rows.order_by("-created_at", "id")


def get_proxied_voice(name: str, voice_id: str, caller: Caller) -> Voice:
    """Return one voice of this proxy.

    Raises NotFound, and ConsentDenied for a test key and an id of the sandbox that says so.
    """
    if not caller.livemode:
        magic_voices.refuse_magic_voice(voice_id)

    voice = voice_selectors.get_voice(voice_id, principal=caller.principal)
    if voice.provider not in _list_spoken_providers(name, caller):
        # A voice of another provider is not copied to this one.
        raise NotFound("There is no such voice at this provider.")

    return voice


def find_aliased_voice(name: str, alias: str, caller: Caller) -> Voice:
    """Return the one ready voice of this proxy whose `external_id` is the stock name of a provider
    or an engine.

    Raises ConsentDenied as `get_proxied_voice`, and NotFound for a name that stands for no voice,
    or for several.
    """
    if not caller.livemode:
        magic_voices.refuse_magic_voice(alias)

    named = voice_selectors.filter_voices(
        {"external_id": alias}, principal=caller.principal, at=caller.now()
    )
    ready = named.filter(state=VoiceState.READY)
    found = list_proxied_voices(name, caller).filter(id__in=ready.values("id"))[:2]
    if len(found) != 1:
        count = "several voices have" if found else "no voice has"
        raise NotFound(f"`{alias}` is no one's voice here: {count} it as `external_id`.")

    return found[0]


def clone_proxied_voice(
    order: CloneRequest, caller: Caller, *, in_background: bool = False
) -> Voice:
    """Make the voice at once, as most SDKs expect, or have a worker make it. The same call again
    gives the same voice.

    SDKs repeat calls by themselves, and a second voice would be one that no one knows of.

    Raises as `voice_library.create_voice`, and VoiceUnfinished while another call makes it.
    """
    return repeated_clones.make_voice_once(
        replace(order, repeat_key=order.repeat_key or _compute_repeat_key(order)),
        principal=caller.principal,
        now=caller.now,
        in_background=in_background,
    )


def _list_spoken_providers(name: str, caller: Caller) -> frozenset[str]:
    own = frozenset({name} if caller.livemode else {name, LOCAL})
    return own | voice_library.list_engine_names() if name == SHARED_SHAPE else own


def _compute_repeat_key(order: CloneRequest) -> str:
    """Return a hash over all that the call says."""
    said = [
        order.provider,
        order.consent_id,
        order.name,
        order.description,
        order.language,
        order.use_case,
        [canonical_json.sha256_hex(data) for data in order.samples],
        list(order.transcripts),
        order.denoise,
        dict(order.options),
    ]
    # Options may be floats, which canonical JSON refuses.
    return canonical_json.sha256_hex(json.dumps(said, sort_keys=True).encode())
