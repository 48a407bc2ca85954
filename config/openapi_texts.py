"""What the OpenAPI document says to people: how to begin, the groups of routes, and examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

DESCRIPTION: Final = """\
Take the test key that `make run` or `manage.py bootstrap` printed, and make one call:

```sh
export KEY=sayso_test_…
# 201: a person is entered.
curl -s localhost:8000/v1/speakers \\
  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"name": "Ada Example", "email": "ada@example.org"}'
```

Ask for a consent with `POST /v1/consents`, sign it as that person with
`POST /v1/test/consents/{id}/sign`, clone a voice with `POST /v1/voices`, and speak with
`POST /v1/speech`. A test key sees test data alone. With a live key the service sends the link to
sign to the person, by mail or message. `manage.py bootstrap` prints a live key, and a live key with
`admin:write` makes more with `POST /v1/api_keys`.

The words that grants and calls may say are listed by `GET /v1/use_cases`, `channels`, `providers`,
`territories`, `labels`, `languages`, `codecs`, `notices` and `reasons`. An error is a problem
document (RFC 9457) whose `code` is stable. `errors` names each field that is wrong. A call that no
consent covers is answered with 403 and every reason. Send an `Idempotency-Key` with each POST that
you may have to repeat.
"""


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of routes: its name, what it is about, and the beginnings of its paths."""

    name: str
    description: str
    paths: tuple[str, ...]


TAGS: Final = (
    Tag("Speakers", "The people whose voices these are.", ("/v1/speakers",)),
    Tag(
        "Consents",
        "What a person agreed to, from request to end.",
        ("/v1/consents", "/v1/statements"),
    ),
    Tag("Voices", "Voices that were cloned under a consent.", ("/v1/voices",)),
    Tag(
        "Provider accounts",
        "Where voices are made and spoken: accounts at voice providers.",
        ("/v1/provider_accounts", "/v1/provider_tasks"),
    ),
    Tag(
        "Moderation endpoint",
        "Who judges what your texts contain, before the gate decides.",
        ("/v1/moderation_endpoint",),
    ),
    Tag("Decisions", "Whether a use is allowed, and what speaks against it.", ("/v1/decisions",)),
    Tag("Speech", "Texts spoken with a voice: at once, as a stream, or later.", ("/v1/speech",)),
    Tag("Jobs", "Speech that is made in the background.", ("/v1/jobs",)),
    Tag("Clips", "The audio that was delivered, with its receipts and proofs.", ("/v1/clips",)),
    Tag("Verification", "Whether a file was made here. No key is needed.", ("/v1/verify",)),
    Tag(
        "Vocabulary",
        "The words of grants and calls, and what each covers.",
        (
            "/v1/use_cases", "/v1/channels", "/v1/providers", "/v1/territories", "/v1/labels",
            "/v1/languages", "/v1/codecs", "/v1/notices", "/v1/reasons",
        ),
    ),
    Tag("Exports", "Bundles of evidence that verify offline.", ("/v1/exports",)),
    Tag("Erasures", "A person's erasure and its certificate.", ("/v1/erasures",)),
    Tag("Organisation", "Your name and how people reach you.", ("/v1/organisation",)),
    Tag("API keys", "Keys with their scopes, limits and defaults.", ("/v1/api_keys",)),
    Tag("Sandbox", "What only test keys may do: sign for a person, move time.", ("/v1/test/",)),
    Tag("C2PA", "Soft binding resolution after C2PA. No key is needed.", ("/c2pa/",)),
)  # fmt: skip
"""In the order in which a newcomer meets them."""

_CONSENT: Final = "con_aakapgyyl6bxfpdyn7emuv6phm"
_SPEAKER: Final = "spk_aakapgyyl6bxfpdyn7emuv6phm"
_VOICE: Final = "vox_aakapgyyl6bxfpdyn7emuv6phm"
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "speakers_create": {"name": "Ada Example", "email": "ada@example.org"},
    "consents_create": {
        "speaker": _SPEAKER,
        "duration": "P1Y",
        "grants": [
            {
                "use_case": "entertainment.audiobook",
                "intended_uses": "Narration of one novel, unabridged, for the audiobook shops.",
                "actions": ["clone", "synthesize"],
                "languages": ["en", "de-DE"],
                "channels": ["app", "streaming"],
                "territories": ["EU", "US"],
                "exclusions": ["political"],
                "quota": {"characters": 100_000},
            }
        ],
    },
    "consents_narrow": {"grants": [{"use_case": "entertainment.audiobook", "languages": ["en"]}]},
    "consents_revoke": {"reason": "requested_by_person"},
    "consents_suspend": {"reason": "dispute"},
    "consents_renew": {"duration": "P1Y"},
    "voices_create": {
        "consent": _CONSENT,
        "name": "Ada",
        "language": "en",
        "use_case": "entertainment.audiobook",
        "samples": [{"audio_base64": "UklGRg=="}],
    },
    "decisions_create": {
        "voice": _VOICE,
        "language": "en",
        "use_case": "entertainment.audiobook",
        "channel": "app",
        "territory": "DE",
        "labels": ["education"],
    },
    "speech_create": {
        "voice": _VOICE,
        "text": "It was the best of times, it was the worst of times.",
        "language": "en",
        "use_case": "entertainment.audiobook",
        "channel": "app",
        "territory": "DE",
        "output": {"codec": "mp3", "sample_rate_hz": 44_100, "bit_rate_bps": 128_000},
    },
    "speech_batch": {
        "voice": _VOICE,
        "language": "en",
        "use_case": "entertainment.audiobook",
        "channel": "app",
        "territory": "DE",
        "items": [
            {"text": "It was the best of times.", "client_reference": "line 1"},
            {"text": "It was the worst of times.", "client_reference": "line 2"},
        ],
    },
    "exports_create": {"kind": "audit"},
    "speakers_erase": {"reason": "requested"},
    "api_keys_create": {
        "product": "Reader",
        "mode": "test",
        "scopes": ["speech:write", "clips:read"],
        "default_use_case": "entertainment.audiobook",
    },
    "test_clock_advance": {"advance": "P1D"},
}
"""A body that is accepted, by operation."""
