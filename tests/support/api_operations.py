"""The operations of the OpenAPI document, and for each that takes JSON a body that it accepts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from config import api_docs
from tests.voices.conftest import AUDIO, AUDIOBOOK, SENTENCE, grant_of

Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    name: str
    method: str
    path: str
    node: Schema

    @property
    def schema(self) -> Schema | None:
        """What the JSON body must look like; None where there is none."""
        found = self.node.get("requestBody", {}).get("content", {}).get("application/json")
        return resolved(found["schema"]) if found else None

    @property
    def foreign(self) -> bool:
        """Whether another standard sets its names and statuses.

        `tests/provenance/test_soft_binding_api.py` has those.
        """
        return self.name.startswith("c2pa_")

    @property
    def open_to_all(self) -> bool:
        return self.foreign or self.name == "verify"

    @property
    def takes_json(self) -> bool:
        json_alone = self.name not in {"verify", "verify_batch"} and not self.foreign
        return self.method in {"POST", "PATCH"} and json_alone

    def at(self, ids: Mapping[str, str]) -> str:
        """The path with real ids in it."""
        return self.path.format_map(ids)


@lru_cache
def document() -> Schema:
    found: Schema = json.loads(api_docs.build_openapi_document())
    return found


@lru_cache
def operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(name=node["operationId"], method=method.upper(), path=path, node=node)
        for path, item in document()["paths"].items()
        for method, node in item.items()
    )


def named(name: str) -> Operation:
    return next(operation for operation in operations() if operation.name == name)


def resolved(schema: Schema) -> Schema:
    """Follow a reference, or the one that is not null."""
    if choices := schema.get("oneOf"):
        return resolved(next(choice for choice in choices if choice.get("type") != "null"))
    if "$ref" not in schema:
        return schema
    found: Any = document()
    for step in schema["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return resolved(found)


def fields(
    schema: Schema, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Schema]]:
    """Every field of a body, with those inside of objects and of the first entry of lists."""
    for name, raw in schema.get("properties", {}).items():
        field = resolved(raw) | ({"null": True} if nullable(raw) else {})
        here = (*path, name)
        yield here, field
        yield from fields(field, here)
        if items := field.get("items"):
            inner = resolved(items)
            yield (*here, 0), inner
            yield from fields(inner, (*here, 0))


def nullable(schema: Schema) -> bool:
    kinds = schema.get("type", ())
    return "null" in kinds or any(
        choice.get("type") == "null" for choice in schema.get("oneOf", ())
    )


def statement_body() -> Schema:
    """A statement that is a recording of speech."""
    recording = (AUDIO / "librivox-austen-0870.wav").read_bytes()
    return {
        "provider": "openai",
        "language": "en",
        "name": "Statement",
        "recording_base64": base64.b64encode(recording).decode(),
    }


def bodies(ids: Mapping[str, str]) -> dict[str, Schema]:
    """A good body for each operation that takes one."""
    speech = {"voice": ids["voice_id"], "text": SENTENCE, "language": "en", "use_case": AUDIOBOOK}
    grants = [grant_of(sensitive_content=[], min_disclosure="none", on_death="stop")]
    described: Schema = {"external_id": "x-1", "metadata": {"shelf": "b"}}
    key = {
        "product": "Reader", "scopes": ["clips:read"], "default_use_case": AUDIOBOOK,
        "default_channel": "app", "default_territory": "DE", "default_language": "en",
        "calls_per_minute": 10, "expires_at": "2027-01-01T00:00:00Z",
    }  # fmt: skip
    account: Schema = {
        "base_url": "https://api.inworld.ai",
        "credentials": {"api_key": "a-key"},
        "audio_origins": [],
        "settings": {},
    }
    return {
        "api_keys_create": key | described | {"mode": "test"},
        "api_keys_update": key | described,
        "provider_accounts_create": described | account | {"provider": "inworld"},
        "provider_accounts_update": described | account,
        "moderation_endpoint_set": {
            "base_url": "https://api.openai.com",
            "api_key": "a-key",
            "model": "omni-moderation-latest",
            "labels": {"sexual": "adult"},
        },
        "organisation_update": described
        | {"contact": "voices@acme.example", "dpo": "dpo@acme.example"},
        "api_keys_rotate": {"overlap": "PT1H"},
        "speakers_create": described
        | {
            "name": "Ada",
            "email": "ada@example.org",
            "country": "DE",
            "locale": "de",
            "kind": "adult",
        },
        "speakers_update": described
        | {"name": "Ada B.", "email": "b@example.org", "country": "AT", "locale": "en"},
        "speakers_erase": described | {"reason": "requested"},
        "consents_create": described
        | {
            "speaker": ids["speaker_id"],
            "notice": "voice-cloning",
            "locale": "en",
            "assurance": "L1",
            "jurisdictions": ["EU"],
            "valid_from": "2026-12-01T00:00:00Z",
            "valid_until": "2027-11-20T00:00:00Z",
            "duration": None,
            "representation": {"kind": "none"},
            "grants": grants,
        },
        "consents_revoke": {"reason": "requested_by_person"},
        "consents_suspend": {"reason": "dispute"},
        "consents_resume": {"reason": "settled"},
        "consents_narrow": {"grants": [{"use_case": AUDIOBOOK, "languages": ["en"]}]},
        "consents_renew": {"duration": "P1Y"},
        "consents_resend": {},
        "consents_statements_create": statement_body(),
        "consents_update": described,
        "jobs_cancel": {},
        "provider_accounts_canary": {},
        "provider_tasks_done": {},
        "test_consents_sign": {},
        "test_clock_advance": {"advance": "PT1S"},
        "decisions_create": described
        | {
            "voice": ids["voice_id"],
            "action": "synthesize",
            "language": "en",
            "use_case": AUDIOBOOK,
            "channel": "app",
            "territory": "DE",
            "characters": 5,
            "labels": ["education"],
        },
        "speech_create": described
        | speech
        | {
            "channel": "app",
            "territory": "DE",
            "labels": [],
            "client_reference": "line 1",
            "provider_options": {},
            "disclosure": None,
            "delivery": {"mode": "job"},
            "output": {"codec": "mp3", "sample_rate_hz": 24_000, "bit_rate_bps": 64_000},
            "prosody": {"speed": 1.0, "pitch_semitones": 0.0, "emotion": None},
        },
        "speech_batch": speech | {"items": [{"text": "Good evening."}]},
        "exports_create": described
        | {
            "kind": "usage",
            "from": "2026-01-01T00:00:00Z",
            "to": "2026-12-01T00:00:00Z",
        },
        "voices_update": described | {"name": "Mara", "description": "Calm."},
        "voices_create": described
        | {
            "consent": ids["consent_id"],
            "name": "Mara",
            "language": "en",
            "use_case": AUDIOBOOK,
            "samples": [],
        },
    }
