"""Speech behind a proxy route: the neutral request, and what of it the sandbox's engine lacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.utils.crypto import salted_hmac

from accounts.authentication import Caller
from audio import encoding
from audio.encoding import Output
from core.canonical_json import Json
from proxies.proxy_terms import ProxyTerms
from proxies.proxy_voices import LOCAL
from voices.models import Voice
from voices.providers.base import Prosody
from voices.synthesis_requests import SpeechRequest

IGNORED = "Sayso-Ignored"
"""The header that names the provider's options which the sandbox's engine lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyOrder:
    """A request for speech, and the names of options that were left out. Only the sandbox does.

    `is_repeat`: the SDK says that it sent this call before, and got no answer.
    """

    request: SpeechRequest
    is_repeat: bool = False
    ignored: tuple[str, ...] = field(default=())

    def list_headers(self) -> dict[str, str]:
        """Return the headers that say what was left out."""
        return {IGNORED: ", ".join(self.ignored)} if self.ignored else {}


def build_order(
    voice: Voice,
    text: str,
    terms: ProxyTerms,
    *,
    caller: Caller,
    output: Output,
    prosody: Prosody,
    options: Mapping[str, Json],
) -> ProxyOrder:
    """Return the order for one text of a proxy route.

    `options` are the provider's own. The built-in engine has none: in the sandbox they are left
    out and named. Raises Invalid for an output that is not made here.
    """
    in_sandbox = voice.provider == LOCAL
    ignored = tuple(sorted(options)) if in_sandbox else ()
    request = SpeechRequest(
        voice_id=voice.id,
        text=text,
        language=terms.language,
        use_case=terms.use_case,
        channel=terms.channel,
        territory=terms.territory,
        key_channel=caller.default_channel,
        key_territory=caller.default_territory,
        output=encoding.check_output(output),
        prosody=prosody,
        options={} if in_sandbox or not options else {voice.provider: dict(options)},
    )
    request = replace(request, call_hash=hash_call(request, voice.provider, caller))
    return ProxyOrder(request=request, ignored=ignored, is_repeat=terms.is_repeat)


def hash_call(request: SpeechRequest, provider: str, caller: Caller) -> str:
    """Return a keyed hash over all that a call says, and the API key that says it.

    Who reads it in the database cannot try texts.
    """
    # Options may be floats, which canonical JSON refuses.
    said = json.dumps(
        [caller.key_id, provider, request.voice_id, request.to_json()], sort_keys=True
    )
    return salted_hmac("proxies.call", said, algorithm="sha256").hexdigest()
