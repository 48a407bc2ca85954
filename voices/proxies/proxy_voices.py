"""The voices that a proxy shows, makes and speaks with: those of its own provider."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.authentication import Caller
from core.errors import NotFound
from voices import voice_library, voice_selectors
from voices.models import LIVE, Voice
from voices.providers import account_access
from voices.synthesis_requests import CloneRequest

LOCAL = "local"


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

    They are those of its provider, and for a test key also those of the built-in engine.
    """
    own = Q(provider=name) if caller.livemode else Q(provider__in=(name, LOCAL))
    rows = voice_selectors.list_voices(caller.principal).filter(own, state__in=LIVE)
    return rows.order_by("-created_at", "id")


def get_proxied_voice(name: str, voice_id: str, caller: Caller) -> Voice:
    """Return one voice of this proxy. Raises NotFound."""
    voice = voice_selectors.get_voice(voice_id, principal=caller.principal)
    allowed = {name} if caller.livemode else {name, LOCAL}
    if voice.provider not in allowed:
        # A voice of another provider is not copied to this one.
        raise NotFound("There is no such voice at this provider.")

    return voice


def clone_proxied_voice(order: CloneRequest, caller: Caller) -> Voice:
    """Make the voice at once, as the SDK expects. Raises as `voice_library.create_voice`."""
    return voice_library.create_voice(
        order, principal=caller.principal, now=caller.now, in_background=False
    )
