"""Everything that changes a state is in the log, by the very transaction that changes it: every
route of the API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from accounts.api_key_changes import IssuedKey
from accounts.models import ApiKey, RateWindow
from tests.architecture.test_relations import our_models
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support.voice_scenarios import World, begin, build, calls, set_moderation
from tests.voices.conftest import Http, MakeConsent, MakeVoice
from transparency_log import events
from transparency_log.formats import log_entry
from transparency_log.models import Outbox

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.once,
    pytest.mark.usefixtures("reader", "clock_at_noon"),
]

# What each changing route writes. A new route has to be entered here, with its kinds.
KINDS: Mapping[str, set[str]] = {
    "post v1/api_keys": {"key.issued"},
    "patch v1/api_keys/{key_id}": {"admin.action"},
    "delete v1/api_keys/{key_id}": {"key.disabled"},
    "post v1/api_keys/{key_id}/rotate": {"key.rotated"},
    "post v1/provider_accounts": {"admin.action"},
    "post v1/moderation_endpoint": {"admin.action"},
    "delete v1/moderation_endpoint": {"admin.action"},
    "patch v1/provider_accounts/{account_id}": {"admin.action"},
    "delete v1/provider_accounts/{account_id}": {"admin.action"},
    "post v1/provider_accounts/{account_id}/canary": {"admin.action"},
    "post v1/provider_tasks/{task_id}/done": {"provider_task.done"},
    "post v1/consents/{consent_id}/statements": {"consent.statement_added"},
    "delete v1/statements/{statement_id}": {"consent.statement_removed"},
    "post v1/test/clock": {"clock.advanced"},
    "delete v1/test/clock": {"clock.reset"},
    "patch v1/organisation": {"admin.action"},
    "post v1/speakers": {"speaker.created"},
    "patch v1/speakers/{speaker_id}": {"speaker.corrected"},
    "post v1/consents": {"consent.requested"},
    "post v1/consents/{consent_id}/revoke": {"consent.revoked"},
    "post v1/consents/{consent_id}/suspend": {"consent.suspended"},
    "post v1/consents/{consent_id}/resume": {"consent.resumed"},
    "post v1/consents/{consent_id}/narrow": {"consent.narrowed"},
    "post v1/consents/{consent_id}/renew": {"consent.requested"},
    "post v1/test/consents/{consent_id}/sign": {"consent.captured", "consent.activated"},
    "post v1/decisions": {"decision.allowed"},
    "post v1/voices": {"decision.allowed", "voice.ready"},
    "post v1/speech": {"decision.allowed", "clip.issued"},
    "post v1/speakers/{speaker_id}/erase": {
        "erasure.started",
        "consent.revoked",
        "speaker.updated",
    },
    "post v1/exports": {"export.requested"},
}
# Nothing that a regulator asks about has changed yet: the worker that does the work logs it.
LATER = {
    "post v1/consents/{consent_id}/resend": (
        "the worker that sends it logs delivery.started and delivery.sent"
    ),
    "post v1/verify/batch": "a question about files that are not kept; nothing changes by it",
    "post v1/speech/batch": "each text asks the gate at its turn, and that is logged",
    "delete v1/voices/{voice_id}": "voice.deleted comes with the provider's confirmation",
    "post v1/jobs/{job_id}/cancel": "texts that waited are dropped; nothing was decided on them",
    "patch v1/consents/{consent_id}": "what the customer notes, sealed; no state",
    "patch v1/voices/{voice_id}": "a name that the customer gives, sealed; no state",
}
# Work of several steps with a provider between them: the first writes down what is intended, a
# sweep ends it.
IN_STEPS = {"post v1/voices", "post v1/speech"}
# What they change or read is all that there is of a person or an organisation.
OF_ALL = {"post v1/speakers/{speaker_id}/erase", "post v1/exports"}


@pytest.fixture
def own(make_key: MakeKey) -> IssuedKey:
    return make_key()


@pytest.fixture
def client(own: IssuedKey, client_of: ClientOf) -> Http:
    return client_of(own)


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    make_consent: MakeConsent,
    make_voice: MakeVoice,
    make_key: MakeKey,
) -> World:
    key = make_key(product="Other").key
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if parameters.get("call") in OF_ALL:
        return build(make_consent, make_voice, key)
    voice = make_voice()
    if parameters.get("call") == "delete v1/moderation_endpoint":
        set_moderation(voice)
    return begin(make_consent, voice, key)


def send(client: Http, world: World, call: str) -> Any:
    """Make one call; a pause comes before what ends it."""
    method, route = call.split()
    return getattr(client, method)(world.path(route), world.body(method, route), format="json")


def prepare(client: Http, world: World, call: str) -> None:
    """Make the call without which this one changes nothing."""
    if call.endswith("/resume"):
        send(client, world, call.replace("/resume", "/suspend"))
    if call == "delete v1/test/clock":
        send(client, world, "post v1/test/clock")


def waiting() -> list[str]:
    """The kinds of the events that wait for their place."""
    return [log_entry.read_entry(bytes(row.payload)).kind for row in Outbox.objects.order_by("id")]


def changing() -> set[str]:
    return {f"{method} {route}" for method, route in calls() if method != "get"}


class TestEveryChangingRoute:
    def test_is_entered_here(self) -> None:
        assert changing() == set(KINDS) | set(LATER)

    @pytest.mark.parametrize("call", sorted(KINDS))
    def test_writes_to_the_log(self, call: str, client: Http, world: World) -> None:
        prepare(client, world, call)
        before = len(waiting())

        answer = send(client, world, call)

        assert answer.status_code < 300, answer.content
        assert set(waiting()[before:]) == KINDS[call]

    @pytest.mark.parametrize("call", sorted(set(KINDS) - IN_STEPS))
    def test_changes_nothing_when_the_log_does_not_take_it(
        self, call: str, client: Http, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prepare(client, world, call)
        before = everything()
        monkeypatch.setattr(events, "append_events", _broken)  # which `append` calls

        assert send(client, world, call).status_code == 500

        assert {name: rows for name, rows in everything().items() if rows != before[name]} == {}

    def test_of_speech_delivers_nothing_when_the_log_does_not_take_it(
        self, client: Http, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = events.append_events

        def take(happenings: Sequence[events.LogEvent]) -> tuple[str, ...]:
            if any(happening.kind == "clip.issued" for happening in happenings):
                _broken()
            return taken(happenings)

        monkeypatch.setattr(events, "append_events", take)

        answer = send(client, world, "post v1/speech")

        assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
        assert waiting()[-1] == "clip.aborted"


class TestADenial:
    @pytest.mark.parametrize("call", ["post v1/decisions", "post v1/speech", "post v1/voices"])
    def test_is_logged_like_a_permission(self, call: str, client: Http, world: World) -> None:
        world.bodies[call]["use_case"] = "advertising.commercial"
        before = len(waiting())

        answer = send(client, world, call)

        assert answer.status_code == (200 if call.endswith("decisions") else 403)
        assert waiting()[before:] == ["decision.denied"]


def _broken(**_event: Any) -> str:
    raise RuntimeError("the log is full")


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of ours, but for what counts calls."""
    return {
        model._meta.label: sorted(model._default_manager.values_list(*columns(model)), key=repr)
        for model in our_models()
        if model is not RateWindow
    }


def columns(model: Any) -> list[str]:
    fields = [field.attname for field in model._meta.concrete_fields]
    return [name for name in fields if not (model is ApiKey and name == "last_used_at")]
