"""The routes of OpenAI's SDK: those that are gated, and why the others are refused."""

from __future__ import annotations

from typing import Final

from proxies.route_rules import RefusedFamily, RouteRules

_MADE_UP: Final = "What a model makes up is not known before it is spoken. Use `/v1/audio/speech`."
_NO_SPEECH: Final = "This makes no speech with a person's voice, and is not passed on."
_FOREIGN_MARK: Final = "The provider's mark is its own. Use `POST /v1/verify` for ours."
_ACCOUNT: Final = "This is about the provider's account, which is not the caller's."

RULES: Final = RouteRules(
    provider="openai",
    base="v1/",
    gated=frozenset(
        {
            ("POST", "audio/speech"),
            ("GET", "audio/voice_consents"),
            ("POST", "audio/voice_consents"),
            ("GET", "audio/voice_consents/*"),
            ("POST", "audio/voice_consents/*"),
            ("DELETE", "audio/voice_consents/*"),
            ("GET", "audio/voices"),
            ("POST", "audio/voices"),
            ("DELETE", "audio/voices/*"),
        }
    ),
    refused=(
        RefusedFamily("audio/transcriptions", "This reads speech and makes none."),
        RefusedFamily("audio/translations", "This reads speech and makes none."),
        RefusedFamily(
            "realtime", "A live session speaks without a permit for each text, by a key of its own."
        ),
        RefusedFamily(
            "live", "A live session speaks without a permit for each text, by a key of its own."
        ),
        RefusedFamily("chat", _MADE_UP),
        RefusedFamily("responses", _MADE_UP),
        RefusedFamily("conversations", _MADE_UP),
        RefusedFamily("threads", _MADE_UP),
        RefusedFamily("assistants", _MADE_UP),
        RefusedFamily("chatkit", _MADE_UP),
        RefusedFamily("batches", "A batch is sent as a file, whose texts no one has judged."),
        RefusedFamily("fine_tuning", "This trains a model of recordings that no one has checked."),
        RefusedFamily("videos", "A video may speak, and no text of it is judged."),
        RefusedFamily("agents", _MADE_UP),
        RefusedFamily("vaults", "This keeps keys with which the provider is called past the gate."),
        RefusedFamily("completions", _NO_SPEECH),
        RefusedFamily("content_provenance_checks", _FOREIGN_MARK),
        RefusedFamily("decisions", _NO_SPEECH),
        RefusedFamily("embeddings", _NO_SPEECH),
        RefusedFamily("moderations", _NO_SPEECH),
        RefusedFamily("images", _NO_SPEECH),
        RefusedFamily("files", _NO_SPEECH),
        RefusedFamily("uploads", _NO_SPEECH),
        RefusedFamily("vector_stores", _NO_SPEECH),
        RefusedFamily("containers", _NO_SPEECH),
        RefusedFamily("skills", _NO_SPEECH),
        RefusedFamily("evals", _NO_SPEECH),
        RefusedFamily("models", _ACCOUNT),
        RefusedFamily("organization", _ACCOUNT),
        RefusedFamily("projects", _ACCOUNT),
        RefusedFamily("safety", _ACCOUNT),
        RefusedFamily("webhook_endpoints", _ACCOUNT),
        RefusedFamily("webhook_event_types", _ACCOUNT),
    ),
)
