"""Bad input to every endpoint: a clear problem document, nothing half-made, and the next good
request works.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.contract.conftest import Sender, World, problem, rows
from tests.support.api_operations import Operation, Schema, bodies, fields, named, operations

pytestmark = pytest.mark.django_db

TAKING_JSON = [operation.name for operation in operations() if operation.takes_json]
WITH_IDS = [operation.name for operation in operations() if "{" in operation.path]
WITH_KEY = [operation.name for operation in operations() if operation.node["security"]]
OF_A_STRANGER = "a" * 26
NO_IDS = (
    "x", "con_", "spk_" + "A" * 26, "spk_" + "1" * 26, "vox_" + "a" * 27, "..", ".", "%00",
    "spk_%00" + "a" * 25, "%ff%fe", "%F0%9F%98%80", "%2e%2e%2f", "a" * 4000, "1%20OR%201=1", "'",
    "%0a", "null", "-1", "*",
)  # fmt: skip
UNREADABLE = {
    "no JSON": b"{",
    "an array": b"[]",
    "a text": b'"x"',
    "a number": b"5",
    "null": b"null",
    "broken UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a key twice": b'{"reason": "a", "reason": "b"}',
    "an inner key twice": b'{"metadata": {"a": "1", "a": "2"}}',
    "NaN": b'{"characters": NaN}',
    "Infinity": b'{"characters": Infinity}',
    "minus Infinity": b'{"characters": -Infinity}',
    "a float too large": b'{"characters": 1e999}',
    "too many digits": b'{"characters": ' + b"9" * 5000 + b"}",
    "10,000 brackets": b'{"metadata": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "10,000 objects": b'{"metadata": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001,
    "just too deep": b'{"provider_options": ' + b"[" * 64 + b"]" * 64 + b"}",
    "a lone surrogate": b'{"name": "\\ud800"}',
    "a surrogate as a key": b'{"\\udfff": 1}',
    "a NUL byte": b'{"name": "a\x00"}',
    "two values": b"{}{}",
}
TEXTS = ("a\x00b", "\x1b[31m", "x" * 20_000)
NUMBERS = (-1, 10**400, 2**53, 2**63, 0)
TIMES = (
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59", "2027-01-01T24:00:00Z", "2027-01-01T00:00:00", "2027-01-01",
    "2027-02-30T00:00:00Z", "2027-01-01T00:00:60Z", "-2027-01-01T00:00:00Z",
    "12027-01-01T00:00:00Z", "2027-W01-1T00:00Z", "now", "",
)  # fmt: skip


def otherwise_typed(schema: Schema) -> Iterator[object]:
    """Values of every JSON type that the field does not have."""
    kinds = schema.get("type", ())
    kind = kinds if isinstance(kinds, str) else next((one for one in kinds if one != "null"), None)
    values: dict[str, tuple[object, ...]] = {
        "string": ("text",), "integer": (7,), "number": (1.5,), "boolean": (True,), "array": ([],),
        "object": ({},),
    }  # fmt: skip
    fitting = {"integer": {"integer"}, "number": {"integer", "number"}}.get(kind or "", {kind})
    if kind is None:
        return  # any JSON value will do
    if kind in {"integer", "number", "boolean"}:
        yield from ("7", "1.5", "true")
    for other, examples in values.items():
        if other not in fitting:
            yield from examples
    if not schema.get("null") and "null" not in kinds:
        yield None


def unlikely(schema: Schema) -> Iterator[object]:
    """Values of the right type that are hardly ever right."""
    kinds = str(schema.get("type"))
    if schema.get("format") == "date-time":
        yield from TIMES
    if "string" in kinds:
        yield from TEXTS
    if "integer" in kinds or "number" in kinds:
        yield from NUMBERS
    if "array" in kinds:
        yield from ([], ["x"] * 2000, [[]], [None])
    if "object" in kinds:
        yield from ({"": ""}, {"a\x00": "b"}, {str(n): "v" for n in range(1000)}, {"a": {"b": []}})


def placed(body: Schema, path: tuple[str | int, ...], value: object) -> bytes | None:
    """The body with another value at one place; None where the body does not go that far."""
    changed: Any = copy.deepcopy(body)
    inner = changed
    try:
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return None
    return json.dumps(changed).encode()


def spoilt(operation: Operation, body: Schema) -> Iterator[tuple[str, bytes, bool]]:
    """Bodies with one field wrong: what is wrong, the bytes, and whether it must be refused."""
    for path, schema in fields(operation.schema or {}):
        for certain, values in ((True, otherwise_typed(schema)), (False, unlikely(schema))):
            for value in values:
                if data := placed(body, path, value):
                    yield f"{path} = {value!r:.60}", data, certain


def ready(name: str, world: World) -> tuple[Operation, str, Schema]:
    """An operation, its path and a good body, with everything made that they name."""
    operation = named(name)
    return operation, operation.at(world), bodies(world)[name]


OWN_TESTS = {"voices_create", "consents_resume", "consents_resend", "test_consents_sign"}


@pytest.mark.parametrize("name", TAKING_JSON)
class TestABody:
    def test_with_a_wrong_field_is_refused(self, http: Sender, world: World, name: str) -> None:
        operation, path, body = ready(name, world)
        before = rows()
        for what, data, certain in spoilt(operation, body):
            answer = http.send(operation.method, path, data)
            if answer.status_code < 400:
                assert not certain, f"{what} was accepted: {answer.content[:200]!r}"
                before = rows()
                continue
            found = problem(answer)
            assert not certain or found["status"] == 422, f"{what}: {found}"
            assert rows() == before, what

    def test_that_cannot_be_read_is_malformed(self, http: Sender, world: World, name: str) -> None:
        operation, path, _ = ready(name, world)
        before = rows()
        for what, data in UNREADABLE.items():
            answer = http.send(operation.method, path, data)
            assert problem(answer)["code"] == "malformed", f"{what}: {answer.content[:200]!r}"
        assert rows() == before

    def test_with_an_unknown_field_is_refused(self, http: Sender, world: World, name: str) -> None:
        operation, path, body = ready(name, world)
        before = rows()
        for odd in ("colour", "Name", "", "a\x00", "é", "x" * 5000, "__class__", "id"):
            found = problem(
                http.send(operation.method, path, json.dumps(body | {odd: 1}).encode()), 422
            )
            assert (found["errors"][0]["code"], found["errors"][0]["attr"]) == (
                "unknown_field",
                odd[:100] or None,
            )
        assert rows() == before

    def test_that_is_too_large_is_not_read(
        self,
        http: Sender,
        world: World,
        name: str,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        settings.SAYSO_MAX_JSON_BYTES = 2**16
        monkeypatch.setattr("voices.api.views.speech.SpeechBatchView.body_limit", 2**16)
        monkeypatch.setattr("voices.api.views.voices.VoiceListView.body_limit", 2**16)
        monkeypatch.setattr("voices.api.views.statements.StatementListView.body_limit", 2**16)
        operation, path, body = ready(name, world)
        before = rows()
        data = json.dumps(body | {"name": "x" * 2**16}).encode()
        problem(http.send(operation.method, path, data), 413, "too_large")
        assert rows() == before

    def test_of_another_type_is_refused(self, http: Sender, world: World, name: str) -> None:
        operation, path, _ = ready(name, world)
        before = rows()
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
            "json",
            "a/" + "b" * 300,
        ):
            problem(
                http.send(operation.method, path, b"reason=a", kind), 415, "unsupported_media_type"
            )
        assert rows() == before

    def test_that_is_empty_or_good_comes_through_afterwards(
        self, http: Sender, world: World, name: str
    ) -> None:
        operation, path, body = ready(name, world)
        for empty in (b"", b"{}"):
            answer = http.send(operation.method, path, empty)
            assert answer.status_code < 400 or problem(answer)["status"] in {409, 422}
        if name not in OWN_TESTS:
            answer = http.send(operation.method, path, json.dumps(body).encode())
            assert answer.status_code in {200, 201, 202, 409}, answer.content


class TestAnId:
    @pytest.mark.parametrize("name", WITH_IDS)
    def test_of_nothing_is_not_found(self, http: Sender, world: World, name: str) -> None:
        operation = named(name)
        (parameter,) = [word for word in world if f"{{{word}}}" in operation.path]
        real, good = world[parameter], bodies(world)[name] if operation.takes_json else None
        before = rows()
        for odd in (real[:4] + OF_A_STRANGER, *NO_IDS):
            path = operation.path.replace(f"{{{parameter}}}", odd)
            answer = http.send(
                operation.method, path, None if good is None else json.dumps(good).encode()
            )
            if odd not in {".", ".."}:  # Django's own client may shorten these
                wanted = (
                    {400, 404} if name == "c2pa_get_manifest" else {404}
                )  # as the published document has it
                assert problem(answer)["status"] in wanted, f"{odd[:40]}: {answer.content[:200]!r}"
        assert rows() == before

    def test_in_a_body_is_not_found_either(self, http: Sender, world: World) -> None:
        for name, field in (
            ("consents_create", "speaker"), ("decisions_create", "voice"),
            ("speech_create", "voice"), ("speech_batch", "voice"),
        ):  # fmt: skip
            for odd in (world["voice_id"][:4] + OF_A_STRANGER, "x", "'", "x" * 64):
                body = bodies(world)[name] | {field: odd}
                problem(http.post(named(name).path, body), 404, "not_found")

    def test_of_a_consent_that_is_nobodys_denies_a_clone(self, http: Sender, world: World) -> None:
        sample = {"audio_base64": "UklGRg=="}
        for odd in ("con_" + OF_A_STRANGER, "x"):
            answer = http.post(
                "/v1/voices", bodies(world)["voices_create"] | {"consent": odd, "samples": [sample]}
            )
            assert problem(answer, 403, "consent_denied")["reasons"][0]["code"] == "no_consent"


@pytest.mark.parametrize("name", [operation.name for operation in operations()])
class TestAMethod:
    def test_that_is_not_there_is_told_so(self, http: Sender, world: World, name: str) -> None:
        path = named(name).at(world)
        known = {
            operation.method for operation in operations() if operation.path == named(name).path
        }
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - known:
            answer = http.send(method, path, b"{}")
            problem(answer, 405, "method_not_allowed")
            assert known <= set(answer["Allow"].split(", "))

    def test_get_with_a_body_ignores_it(self, http: Sender, world: World, name: str) -> None:
        operation = named(name)
        if operation.method == "GET":
            expected = {200, 404, 409} | (
                {400} if operation.foreign else set()
            )  # 400: parameters that are missing
            assert http.send("GET", operation.at(world), b"{broken").status_code in expected


class TestAKey:
    @pytest.mark.parametrize("name", WITH_KEY)
    def test_that_is_none_is_refused_everywhere(self, anybody: Sender, name: str) -> None:
        operation = named(name)
        ids = dict.fromkeys(World.NAMES, "x")
        body = b"{}" if operation.takes_json else None
        for header in (
            "Basic abc", "Bearer", "Bearer ", "Bearer é", "Bearer \u00ff", "bearer x", "Bearer a b",
            "Bearer \t", "Bearer sayso_test_" + "0" * 49, "Bearer " + "x" * 10_000, "Digest x", ",",
            "\u00a0",
        ):  # fmt: skip
            answer = anybody.send(
                operation.method, operation.at(ids), body, HTTP_AUTHORIZATION=header
            )
            problem(answer, 401, "unauthenticated")
            assert answer["WWW-Authenticate"].startswith("Bearer")
        # Where a key is optional, a call without one is read.
        answer = anybody.send(operation.method, operation.at(ids), body)
        assert (answer.status_code == 401) == (not operation.open_to_all)


class TestAList:
    LISTS = tuple(operation.path for operation in operations() if operation.name.endswith("_list"))

    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=1.5",
            "limit=",
            "limit=x",
            "limit=%00",
            "limit=" + "9" * 5000,
            "limit=١",
            "after=x",
            "after=%00",
            "after=" + "a" * 5000,
            "after=%ff",
            "colour=red",
            "limit=5&Limit=5",
            "=x",
        ],
    )
    def test_refuses_parameters_that_mean_nothing(
        self, http: Sender, path: str, query: str
    ) -> None:
        found = problem(http.get(f"{path}?{query}"), 422)
        assert found["errors"]

    @pytest.mark.parametrize(
        "query", ["speaker=é", "state=gone", "expiring_before=2027-01-01", "speaker=%00"]
    )
    def test_of_consents_refuses_filters_that_mean_nothing(self, http: Sender, query: str) -> None:
        problem(http.get(f"/v1/consents?{query}"), 422)

    @pytest.mark.parametrize("time", [time for time in TIMES if time])
    def test_of_clips_takes_times_with_their_zone_alone(self, http: Sender, time: str) -> None:
        answer = http.get("/v1/clips", QUERY_STRING=f"from={time}")
        assert answer.status_code == 200 or problem(answer, 422)["errors"][0]["attr"] == "from"


class TestAHeader:
    @pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a b", "\t"])
    def test_idempotency_key_of_another_form_is_refused(
        self, http: Sender, world: World, key: str
    ) -> None:
        body = bodies(world)["speakers_create"]
        problem(
            http.post("/v1/speakers", body, HTTP_IDEMPOTENCY_KEY=key),
            422,
            "idempotency_key_invalid",
        )

    @pytest.mark.parametrize(
        "accept", ["audio/mpeg", "text/html", "x", "*/*;q=0", "a/" + "b" * 9000, ", , ,"]
    )
    def test_accept_never_stands_in_the_way(self, http: Sender, accept: str) -> None:
        assert http.get("/v1/speakers", HTTP_ACCEPT=accept).status_code == 200

    def test_host_of_someone_else_is_refused(self, http: Sender) -> None:
        problem(http.get("/v1/speakers", HTTP_HOST="evil.example"), 400, "malformed")

    def test_content_length_that_lies_is_survived(self, http: Sender) -> None:
        for length in ("-1", "x"):
            answer = http.send("POST", "/v1/speakers", b"{}", CONTENT_LENGTH=length)
            assert answer.status_code in {400, 413, 422}, answer.content


class TestPlainViews:
    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("/health/live", "GET, HEAD"),
            (
                "/log/org_x/checkpoint",
                "GET, HEAD, OPTIONS",
            ),  # other pages' scripts may read logs, and ask first
            ("/v1/openapi.json", "GET, HEAD"),
            ("/metrics", "GET, HEAD"),
        ],
    )
    def test_tell_a_wrong_method_in_a_problem_document(
        self, anybody: Sender, path: str, allowed: str
    ) -> None:
        answer = anybody.post(path)
        problem(answer, 405, "method_not_allowed")
        assert answer["Allow"] == allowed

    @pytest.mark.parametrize("org", [f"org_{OF_A_STRANGER}", "x", "%00", "a" * 4000, "%ff"])
    @pytest.mark.parametrize(
        "rest", ["checkpoint", "key", "tile/0/000", "tile/entries/000", "tile/-1/x", "tile/0/%00"]
    )
    def test_of_the_log_know_no_strangers(self, anybody: Sender, org: str, rest: str) -> None:
        problem(anybody.get(f"/log/{org}/{rest}"), 404)

    @pytest.mark.parametrize(
        "path", ["/v1/", "/v1/nothing", "/v1/speakers/", "/v1/%00", "/v1//speakers", "/log/"]
    )
    def test_address_of_nothing_is_not_found(self, http: Sender, path: str) -> None:
        problem(http.get(path), 404, "not_found")

    @pytest.mark.parametrize("path", ["/nothing", "/sign/%00", "/problems/%00"])
    def test_page_for_people_stays_a_page(self, path: str) -> None:
        answer = Client(raise_request_exception=False).get(path)
        assert (answer.status_code, answer["Content-Type"][:9]) == (404, "text/html")
