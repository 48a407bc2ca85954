"""Recordings in a call that speaks: each must be one that the consent is bound to already.

They make a voice of ours, by which the call is gated, logged and ended like every other. Nothing is
kept at the provider: the recordings go with each call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rest_framework.request import Request

from accounts.authentication import Caller, demand_scope
from consent import gate
from core import canonical_json
from proxies import proxy_terms, proxy_voices
from proxies.proxy_terms import ProxyTerms
from voices.models import Voice
from voices.providers.option_names import INLINE_OPTION
from voices.synthesis_requests import CloneRequest
from voices.text_language.text_check import find_text_language

INLINE_TITLE: Final = "References of a call"


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineCall:
    """What a call with recordings says: the text, the terms, and the `references` themselves."""

    text: str = field(repr=False)
    terms: ProxyTerms
    references: Sequence[dict[str, Any]] = field(repr=False)


def find_reference_voice(
    call: InlineCall, *, request: Request, caller: Caller, provider: str, options_for: str
) -> Voice:
    """Return the voice of the call's recordings. The same ones again are the same voice.

    `options_for` is the provider that keeps no model of them.

    Raises ScopeMissing for a key that may make no voice, ConsentDenied (`sample_not_covered`) for a
    recording that the consent is not bound to, and as `clone_proxied_voice`.
    """
    demand_scope(caller, "voices:write")
    consent_id = proxy_terms.read_consent_id(request, ())
    _demand_bound_recordings(call, consent_id, caller=caller, provider=provider)

    terms = call.terms
    order = CloneRequest(
        consent_id=consent_id,
        name=INLINE_TITLE,
        description="",
        language=terms.language,
        use_case=terms.use_case,
        provider=provider,
        channel=terms.channel,
        territory=terms.territory,
        samples=tuple(reference["audio"] for reference in call.references),
        transcripts=tuple(reference.get("text") or None for reference in call.references),
        options={INLINE_OPTION: True} if provider == options_for else {},
    )
    return proxy_voices.clone_proxied_voice(order, caller)


def _demand_bound_recordings(
    call: InlineCall, consent_id: str, *, caller: Caller, provider: str
) -> None:
    """Ask the gate for speech of these recordings. A clone would bind new ones to the consent."""
    hashes = tuple(canonical_json.sha256_hex(one["audio"]) for one in call.references)
    access = gate.AccessRequest(
        organisation_id=caller.principal.organisation_id,
        livemode=caller.livemode,
        action="synthesize",
        consent_id=consent_id,
        language=call.terms.language,
        use_case=call.terms.use_case,
        channel=call.terms.channel,
        territory=call.terms.territory,
        provider=provider,
        sample_sha256s=hashes,
        text=find_text_language(call.text, call.terms.language),
    )
    at = caller.now()
    # The speech itself asks for a permit of its own, with its characters.
    gate.release(gate.check(access, at=at, actor=caller.principal.actor), at=at)
