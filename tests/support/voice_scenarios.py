"""One of everything that Acme can have, and one good call for every route of the API that changes
something.

A new route is seen at once: `calls` reads them from the resolver and wants an object for each kind
of id in a path, and a body for each route that needs one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from accounts.models import ApiKey
from consent import provider_statements
from consent.models import Consent, ProviderStatement
from consent.provider_statements import NewStatement
from erasure import erasure_requests, execution
from provenance.exports import export_requests as exports
from provenance.exports import worker
from tests.architecture.test_routes import OPEN, api_views
from tests.conftest import NOON
from tests.support.api_operations import statement_body
from tests.voices.conftest import (
    AUDIO,
    AUDIOBOOK,
    SENTENCE,
    MakeConsent,
    MakeVoice,
    grant_of,
    noon,
    order_for,
    principal_of,
)
from voices import provider_accounts, provider_tasks
from voices.models import JobKind, ProviderAccount, ProviderTask, TaskKind, Voice
from voices.moderation import moderation_endpoints
from voices.moderation.moderation_endpoints import EndpointSettings
from voices.provider_accounts import NewAccount
from voices.speech import dispatch, pipeline

_ID: Final = re.compile(r"{(\w+)}")
METHODS: Final = ("get", "post", "put", "patch", "delete")
# The renewal takes the place of a consent that is signed, the signature one that is not.
UNSIGNED: Final = "unsigned_id"


@dataclass(kw_only=True)
class World:
    """Ids by the name that they have in a path, and bodies that are good for them."""

    ids: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)

    def path(self, route: str) -> str:
        """The route with Acme's ids in it.

        Raises KeyError for a kind of id that this world has none of.
        """
        ids = self.ids | (
            {"consent_id": self.ids[UNSIGNED]} if route.startswith("v1/test/consents/") else {}
        )
        return "/" + _ID.sub(lambda found: ids[found[1]], route)

    def body(self, method: str, route: str) -> dict[str, Any]:
        """A body that the route accepts."""
        return self.bodies.get(f"{method} {route}", {})


def calls() -> Iterator[tuple[str, str]]:
    """Every method of every closed route below /v1/."""
    for route, view in api_views().items():
        yield from (
            (method, route) for method in METHODS if route not in OPEN and hasattr(view, method)
        )


def build(make_consent: MakeConsent, make_voice: MakeVoice, key: ApiKey) -> World:
    """Acme's world: a voice and its clip, a job, a denial, an export, and another person who has
    been erased.
    """
    voice, erased = make_voice(), make_consent()
    world = begin(make_consent, voice, key)
    clip = pipeline.synthesize_clip(
        order_for(voice), voice, principal=principal_of(voice), now=noon
    )
    principal = principal_of(voice)
    job = dispatch.queue_job(
        [order_for(voice)], kind=JobKind.SPEECH, principal=principal, at=NOON, wall_time=NOON
    )
    erasure = erasure_requests.request_erasure(
        erased.speaker_id, organisation=erased.organisation, livemode=False, reason="requested",
        actor="system:test", at=NOON, wall_time=NOON,
    )  # fmt: skip
    execution.continue_erasure(erasure.id, now=noon)
    export = exports.request_export(
        organisation_id=voice.organisation_id, livemode=False, kind="audit", start=None, end=None,
        speaker_id=None, words=True, at=NOON, actor="system:test",
    )  # fmt: skip
    worker.make_pending_exports(now=noon)
    world.ids |= {
        "clip_id": clip.clip_id,
        "decision_id": clip.decision_id,
        "job_id": job.id,
        "erasure_id": erasure.id,
        "export_id": export.id,
    }
    return world


def begin(make_consent: MakeConsent, voice: Voice, key: ApiKey) -> World:
    """The same world before anything was asked of the voice."""
    world = World(
        ids={
            "speaker_id": voice.speaker_id,
            "consent_id": voice.consent_id,
            UNSIGNED: make_consent(signed=False).id,
            "voice_id": voice.id,
            "key_id": key.id,
            "account_id": connect("inworld", voice).id,
            "task_id": open_task(voice).id,
            "statement_id": keep_statement(voice).id,
        }
    )
    world.bodies = _bodies(world, fresh=make_consent())
    return world


def connect(provider: str, voice: Voice) -> ProviderAccount:
    """An account of the voice's organisation at a provider that no test reaches."""
    new = NewAccount(provider=provider, credentials={"api_key": "a-key"})
    return provider_accounts.connect_account(new, principal=principal_of(voice), at=NOON)


def open_task(voice: Voice) -> ProviderTask:
    """A task about the voice, as an unfinished deletion opens it."""
    return provider_tasks.open_task(
        TaskKind.FIND_ORPHAN,
        voice.id,
        provider="openai",
        owner=voice,
        actor="system:test",
        at=NOON,
    )


def set_moderation(voice: Voice) -> None:
    """A moderation endpoint of the voice's organisation, which no test reaches."""
    moderation_endpoints.set_endpoint(
        EndpointSettings(base_url="https://api.openai.com", api_key="a-key"),
        principal=principal_of(voice),
        at=NOON,
    )


def keep_statement(voice: Voice) -> ProviderStatement:
    """A statement beside the voice's consent, as the intake leaves it."""
    return provider_statements.add_statement(
        voice.consent_id,
        NewStatement(provider="openai", language="en", recording=b"a recording"),
        organisation_id=voice.organisation_id,
        livemode=voice.livemode,
        actor="system:test",
        at=NOON,
    )


def _bodies(world: World, *, fresh: Consent) -> dict[str, dict[str, Any]]:
    consent, words = world.ids["consent_id"], {"language": "en", "use_case": AUDIOBOOK}
    said = {"voice": world.ids["voice_id"], "text": SENTENCE, **words}
    sample = base64.b64encode((AUDIO / "librivox-austen-0870.wav").read_bytes()).decode()
    asked = {
        "speaker": world.ids["speaker_id"],
        "duration": "P1Y",
        "jurisdictions": ["EU"],
        "grants": [grant_of()],
    }
    why = {"reason": "dispute"}
    return {
        "post v1/api_keys": {"product": "Reader", "scopes": ["voices:read"], "mode": "test"},
        "patch v1/api_keys/{key_id}": {"product": "Another"},
        "post v1/provider_accounts": {
            "provider": "cartesia",
            "credentials": {"api_key": "another-key"},
        },
        "post v1/consents/{consent_id}/statements": statement_body(),
        "patch v1/provider_accounts/{account_id}": {"credentials": {"api_key": "a-new-key"}},
        "post v1/moderation_endpoint": {"base_url": "https://api.openai.com", "api_key": "a-key"},
        "post v1/test/clock": {"advance": "P1D"},
        "patch v1/organisation": {"contact": "other@acme.example"},
        "post v1/speakers": {"name": "Ada Example", "email": "ada@example.org"},
        "patch v1/speakers/{speaker_id}": {
            "name": "Mara Lind",
            "correction": {"reason": "misspelt"},
        },
        "post v1/consents": asked,
        "post v1/consents/{consent_id}/revoke": {"reason": "requested_by_person"},
        "post v1/consents/{consent_id}/suspend": why,
        "post v1/consents/{consent_id}/narrow": {
            "grants": [{"id": Consent.objects.get(id=consent).grants.get().id, "languages": ["en"]}]
        },
        "post v1/consents/{consent_id}/renew": {"duration": "P1Y"},
        "post v1/decisions": {"voice": world.ids["voice_id"], "action": "synthesize", **words},
        "post v1/voices": {
            "consent": fresh.id,
            "name": "Mara",
            "samples": [{"audio_base64": sample}],
            **words,
        },
        "patch v1/voices/{voice_id}": {"name": "Another"},
        "post v1/speech": said,
        "post v1/speech/batch": {
            "items": [{"text": SENTENCE}],
            **{k: v for k, v in said.items() if k != "text"},
        },
        "post v1/speakers/{speaker_id}/erase": {"reason": "requested"},
        "post v1/exports": {"kind": "audit"},
    }
