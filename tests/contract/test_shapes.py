"""The shapes of the contract, name by name: objects, lists, problem documents, headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from core import clock
from tests.conftest import NOON
from tests.contract.conftest import Sender, World, problem
from tests.fixtures.organisations import MakeKey, hold_minute
from tests.support.api_calls import ADA, asked
from tests.support.api_operations import operations
from voices.models import Voice

pytestmark = [pytest.mark.django_db, pytest.mark.once]

BASE = {"id", "object", "created_at", "livemode", "external_id", "metadata"}
FIELDS = {
    "speaker": {"kind", "state", "name", "email", "country", "locale", "phone", "erased_at"},
    "consent": {
        "speaker",
        "notice",
        "jurisdictions",
        "providers",
        "representation",
        "state",
        "assurance",
        "valid_from",
        "valid_until",
        "duration",
        "grants",
        "method",
        "delivery",
        "signing_expires_at",
        "signed_at",
        "record_sha256",
        "revoked_at",
        "ended_at",
        "supersedes",
        "warnings",
    },
    "decision": {
        "allowed",
        "reasons",
        "consent",
        "grant",
        "voice",
        "ask",
        "preview",
        "policy_version",
        "expires_at",
    },
    "voice": {
        "state",
        "code",
        "name",
        "description",
        "language",
        "use_case",
        "provider",
        "consent",
        "speaker",
        "decision",
        "ready_at",
        "provider_expires_at",
        "consent_expires_at",
        "training_percent",
        "deleted_at",
        "review",
        "samples",
        "checks",
        "likeness",
        "errors",
    },
    "job": {
        "kind",
        "state",
        "progress",
        "finished_at",
        "clip",
        "decision",
        "code",
        "reasons",
        "client_reference",
    },
    "clip": {
        "state",
        "ended_at",
        "voice",
        "decision",
        "consent",
        "consent_assurance",
        "grant",
        "language",
        "use_case",
        "characters",
        "provider",
        "disclosure",
        "aigc_label",
        "client_reference",
        "media_type",
        "codec",
        "bytes",
        "duration_ms",
        "padded_ms",
        "sha256",
        "sha256_pcm",
        "sha256_provider",
        "watermark",
        "c2pa",
        "log_index",
        "event",
    },
    "export": {
        "kind",
        "from",
        "to",
        "speaker",
        "state",
        "code",
        "progress",
        "size",
        "sha256",
        "log_size",
        "finished_at",
        "expires_at",
    },
    "erasure": {"speaker", "reason", "state", "answer_by", "completed_at", "targets", "warnings"},
    "api_key": {
        "product",
        "mode",
        "prefix",
        "scopes",
        "default_use_case",
        "default_channel",
        "default_territory",
        "default_language",
        "calls_per_minute",
        "expires_at",
        "last_used_at",
        "disabled_at",
        "previous_secret_until",
    },
}
PATHS = {
    "speaker": ("/v1/speakers", "speaker_id"), "consent": ("/v1/consents", "consent_id"),
    "decision": ("/v1/decisions", "decision_id"), "voice": ("/v1/voices", "voice_id"),
    "job": ("/v1/jobs", "job_id"), "clip": ("/v1/clips", "clip_id"),
    "export": ("/v1/exports", "export_id"), "erasure": ("/v1/erasures", "erasure_id"),
    "api_key": ("/v1/api_keys", "key_id"),
}  # fmt: skip
LISTED = [name for name in PATHS if name != "decision"]
PREFIXES = {
    "api_key": "key",
    "speaker": "spk",
    "consent": "con",
    "voice": "vox",
    "clip": "clp",
    "decision": "dec",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")


def make(http: Sender, world: World, kind: str) -> str:
    """One more of a kind, whatever there is already."""
    if kind == "speaker":
        return str(http.post("/v1/speakers", ADA).json()["id"])
    if kind == "consent":
        return str(asked(http)["id"])
    made = World(http, world.voices)[PATHS[kind][1]]
    if kind == "voice":  # made as cloning leaves them, at noon
        Voice.objects.filter(id=made).update(created_at=clock.now())
    return made


@pytest.fixture
def ticking(http: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is a second later."""
    seconds = count()
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(seconds=next(seconds)))


class TestAnObject:
    @pytest.mark.parametrize("kind", PATHS)
    def test_has_exactly_its_fields(self, http: Sender, world: World, kind: str) -> None:
        path, parameter = PATHS[kind]
        shown = http.get(f"{path}/{world[parameter]}").json()
        assert set(shown) == BASE | FIELDS[kind]
        assert (shown["id"], shown["object"], shown["livemode"]) == (world[parameter], kind, False)
        assert shown["id"].startswith(PREFIXES.get(kind, kind[:3]) + "_")

    @pytest.mark.parametrize("kind", PATHS)
    def test_writes_times_in_utc(self, http: Sender, world: World, kind: str) -> None:
        path, parameter = PATHS[kind]
        shown = http.get(f"{path}/{world[parameter]}").json()
        times = {
            name: value
            for name, value in shown.items()
            if name.endswith("_at") and value is not None
        }
        assert "created_at" in times
        assert [name for name, value in times.items() if not TIME.match(value)] == []

    @pytest.mark.parametrize(
        "kind", [kind for kind in PATHS if kind not in {"decision", "erasure", "export", "clip"}]
    )
    def test_carries_what_the_caller_added(self, http: Sender, world: World, kind: str) -> None:
        added: dict[str, Any] = {"external_id": "ä-1", "metadata": {"shelf": "b"}}
        path, parameter = PATHS[kind]
        if kind in {"speaker", "voice", "api_key"}:
            shown = http.patch(f"{path}/{world[parameter]}", added).json()
        elif kind == "consent":
            body = {"speaker": world["speaker_id"], "duration": "P1Y", "grants": [world.grant()]}
            shown = http.post(path, body | added).json()
        else:
            shown = http.post(
                "/v1/speech", world.speech() | added | {"delivery": {"mode": "job"}}
            ).json()
        assert {name: shown[name] for name in added} == added

    def test_lists_show_what_objects_show(self, http: Sender, world: World) -> None:
        for kind in LISTED:
            path, parameter = PATHS[kind]
            one = http.get(f"{path}/{world[parameter]}").json()
            (row,) = [
                row
                for row in http.get(f"{path}?limit=100").json()["data"]
                if row["id"] == one["id"]
            ]
            assert row == {name: one[name] for name in row}, kind


class TestAList:
    @pytest.mark.parametrize("kind", LISTED)
    def test_is_an_envelope(self, http: Sender, world: World, kind: str) -> None:
        make(http, world, kind)
        page = http.get(PATHS[kind][0]).json()
        assert set(page) == {"object", "data", "has_more", "first_id", "last_id"}
        assert (page["first_id"], page["last_id"]) == (
            page["data"][0]["id"],
            page["data"][-1]["id"],
        )
        assert page["has_more"] is False

    @pytest.mark.parametrize("kind", LISTED)
    @pytest.mark.parametrize("apart", [True, False], ids=["at different times", "all at once"])
    def test_is_walked_by_its_cursor_newest_first(
        self, http: Sender, world: World, kind: str, apart: bool, request: pytest.FixtureRequest
    ) -> None:
        if apart:
            request.getfixturevalue("ticking")
        made = [make(http, world, kind) for _ in range(3)]
        walked = list(walk(http, PATHS[kind][0]))
        assert len(walked) == len(set(walked))
        assert set(made) <= set(walked)
        if apart:
            assert [one for one in walked if one in made] == made[::-1]
        else:
            assert walked == [
                row["id"] for row in http.get(f"{PATHS[kind][0]}?limit=100").json()["data"]
            ]

    @pytest.mark.parametrize("kind", LISTED)
    def test_without_anything_says_so(self, anybody: Sender, make_key: MakeKey, kind: str) -> None:
        page = Sender(make_key().secret).get(PATHS[kind][0]).json()
        own = 1 if kind == "api_key" else 0
        assert len(page["data"]) == own
        assert own or (page["first_id"], page["last_id"], page["has_more"]) == (None, None, False)

    def test_of_consents_is_narrowed_by_its_filters(self, http: Sender, world: World) -> None:
        consent, other = world["consent_id"], World(http, world.voices)["consent_id"]
        for query, found in (
            (f"speaker={world['speaker_id']}", {consent}),
            ("state=active", {consent, other}),
            ("state=withdrawn", set()),
            ("expiring_before=2199-01-01T00:00:00%2B01:00", {consent, other}),
            ("expiring_before=2026-12-01T00:00:00Z", set()),
        ):
            assert {
                row["id"] for row in http.get(f"/v1/consents?{query}").json()["data"]
            } == found, query

    def test_of_clips_is_narrowed_by_its_filters(self, http: Sender, world: World) -> None:
        clip = world["clip_id"]
        for query, found in (
            (f"voice={world['voice_id']}", [clip]),
            (f"consent={world['consent_id']}", [clip]),
            ("voice=vox_" + "a" * 26, []),
            ("from=2026-11-21T12:00:00Z", [clip]),
            ("from=2026-11-21T13:00:00+01:00&to=2026-11-21T12:00:01Z", [clip]),
            ("to=2026-11-21T12:00:00Z", []),
        ):
            assert [row["id"] for row in http.get(f"/v1/clips?{query}").json()["data"]] == found, (
                query
            )


def walk(http: Sender, path: str) -> Iterator[str]:
    """The ids of a list, read one by one."""
    after = ""
    while True:
        page = http.get(f"{path}?limit=1{after}").json()
        yield from (row["id"] for row in page["data"])
        if not page["has_more"]:
            return
        after = f"&after={page['last_id']}"


class TestANeighbour:
    @pytest.mark.parametrize(
        "name",
        [
            one.name
            for one in operations()
            if one.method == "GET" and "{" in one.path and not one.open_to_all
        ],
    )
    @pytest.mark.parametrize("who", ["another organisation", "the live key of the same"])
    def test_sees_nothing(
        self, world: World, make_key: MakeKey, make_organisation: Any, name: str, who: str
    ) -> None:
        (operation,) = [one for one in operations() if one.name == name]
        live = who != "another organisation"
        other = Sender(
            make_key(organisation=None if live else make_organisation("Bolt"), live=live).secret
        )
        answer = other.get(operation.at(world))
        if live and "api_keys" in name:  # a live key also manages test keys
            assert answer.status_code == 200
        else:
            problem(answer, 404, "not_found")

    @pytest.mark.parametrize("kind", LISTED)
    def test_lists_nothing_of_it(
        self, world: World, make_key: MakeKey, make_organisation: Any, kind: str
    ) -> None:
        mine = world[PATHS[kind][1]]
        other = Sender(make_key(organisation=make_organisation("Bolt")).secret)
        assert mine not in str(other.get(PATHS[kind][0]).json())
        problem(other.get(f"{PATHS[kind][0]}?after={mine}"), 422)


class TestAScope:
    @pytest.mark.parametrize("name", [one.name for one in operations() if not one.open_to_all])
    def test_that_is_missing_is_named(self, anybody: Sender, make_key: MakeKey, name: str) -> None:
        (operation,) = [one for one in operations() if one.name == name]
        ids = dict.fromkeys(World.NAMES, "x")
        answer = Sender(make_key(scopes=("webhooks:read",)).secret).send(
            operation.method, operation.at(ids), b"{}"
        )
        needed = problem(answer, 403, "scope_missing")["required"]
        assert needed.endswith(":read" if operation.method == "GET" else ":write")


class TestEveryAnswer:
    @pytest.mark.parametrize(
        "path", ["/", "/verify", "/docs/", "/health/live", "/nothing", "/v1/openapi.json"]
    )
    def test_names_its_request(self, anybody: Sender, path: str) -> None:
        first, second = anybody.get(path)["X-Request-Id"], anybody.get(path)["X-Request-Id"]
        assert first != second

    def test_to_a_key_says_how_much_is_left(self, http: Sender) -> None:
        answer = http.get("/v1/speakers")
        assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(answer.headers)

    def test_beyond_the_limit_says_when_to_come_back(
        self, anybody: Sender, make_key: MakeKey
    ) -> None:
        key = make_key(calls_per_minute=1)
        hold_minute(key)
        http = Sender(key.secret)
        http.get("/v1/speakers")
        answer = http.get("/v1/speakers")
        problem(answer, 429, "rate_limited")
        assert 1 <= int(answer["Retry-After"]) <= 60
