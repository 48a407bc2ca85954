"""What programs stumble over: other origins, parts of files, misspelt addresses, markup (A9, A16,
A18, F).
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from config import problems
from config.asgi import refusals_for_pages
from config.middleware.idempotency_claims import IdempotencyRunning
from core.errors import Conflict
from provenance.models import Clip
from tests.contract.conftest import Sender, World, problem
from tests.support.api_calls import say
from tests.voices.conftest import SENTENCE, Reader
from voices.models import JobItem, JobState
from voices.providers import registry

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PREFLIGHT: dict[str, Any] = {
    "HTTP_ORIGIN": "https://elsewhere.example",
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "content-type",
}
FOR_PAGES = {
    "Content-Security-Policy", "X-Frame-Options", "Permissions-Policy", "Content-Language",
}  # fmt: skip


class TestOtherOrigins:
    @pytest.mark.parametrize("path", ["/v1/verify", "/c2pa/matches/byBinding"])
    def test_may_ask_what_takes_no_key(self, anybody: Sender, path: str) -> None:
        told = anybody.send("OPTIONS", path, **PREFLIGHT)
        assert (told.status_code, told.content) == (204, b"")
        assert told["Access-Control-Allow-Origin"] == "*"
        assert "POST" in told["Access-Control-Allow-Methods"]
        assert "Content-Type" in told["Access-Control-Allow-Headers"]

        refused = anybody.send("POST", path, b"{", HTTP_ORIGIN="https://elsewhere.example")
        assert refused.status_code >= 400
        assert refused["Access-Control-Allow-Origin"] == "*"

    @pytest.mark.parametrize("path", ["/v1/speech", "/v1/speakers", "/v1/verify/batch"])
    def test_may_read_nothing_that_takes_a_key(self, http: Sender, path: str) -> None:
        for answer in (http.send("OPTIONS", path, **PREFLIGHT), http.post(path, {}, **PREFLIGHT)):
            assert "Access-Control-Allow-Origin" not in answer

    def test_may_read_what_the_edge_refuses(self) -> None:
        async def too_large(_scope: Any, _receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 413, "headers": []})

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any: ...

        edge = refusals_for_pages.open_to_pages(too_large)
        for path in ("/v1/verify", "/v1/speech"):
            asyncio.run(edge({"type": "http", "path": path}, receive, send))
        headers = [dict(message["headers"]) for message in sent]
        assert headers[0][b"access-control-allow-origin"] == b"*"
        assert headers[1] == {}


class TestAnAnswerToPrograms:
    def test_has_no_headers_that_only_pages_need(self, http: Sender) -> None:
        answer = http.get("/v1/speakers")
        assert not FOR_PAGES & set(answer.headers)
        assert "Allow" not in answer and "Accept-Language" not in answer.get("Vary", "")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "Content-Security-Policy" in http.get("/verify")

    def test_to_options_names_the_methods_alone(self, anybody: Sender) -> None:
        answer = anybody.send("OPTIONS", "/v1/speakers")
        assert (answer.status_code, answer.content) == (204, b"")
        assert {"GET", "POST"} <= set(answer["Allow"].split(", "))

    @pytest.mark.parametrize(
        ("path", "meant"),
        [("/V1/speakers", "/v1/speakers"), ("/v1/speakers/", "/v1/speakers"), ("/v1/x", None)],
    )
    def test_at_a_misspelt_address_names_the_one_that_is_there(
        self, http: Sender, path: str, meant: str | None
    ) -> None:
        detail = problem(http.get(path), 404, "not_found")["detail"]
        assert (f"`{meant}`" in detail) == (meant is not None)

    def test_at_the_beginning_of_all_addresses_names_the_document(self, anybody: Sender) -> None:
        """F: `/v1` led nowhere."""
        for path in ("/v1", "/v1/", "/V1"):
            assert "`/v1/openapi.json`" in problem(anybody.get(path), 404, "not_found")["detail"]

    def test_to_a_body_with_a_byte_order_mark_is_in_our_words(self, http: Sender) -> None:
        """F: it was Python's advice to a programmer of Python."""
        answer = http.send("POST", "/v1/speakers", b"\xef\xbb\xbf{}")
        assert "utf-8-sig" not in problem(answer, 400, "malformed")["detail"]


class TestAudio:
    def test_comes_in_parts(self, http: Sender, world: World) -> None:
        path = f"/v1/clips/{world['clip_id']}/audio"
        whole = http.get(path)
        size, etag = len(whole.content), whole["ETag"]
        assert etag == f'"{whole["Sayso-Content-Sha256"]}"'
        assert whole["Accept-Ranges"] == "bytes"
        assert whole["Content-Disposition"] == f'inline; filename="{world["clip_id"]}.wav"'

        for asked, start, end in (
            ("bytes=0-99", 0, 100), ("bytes=100-", 100, size), ("bytes=-10", size - 10, size),
            (f"bytes=10-{size * 2}", 10, size),
        ):  # fmt: skip
            part = http.get(path, HTTP_RANGE=asked)
            assert (part.status_code, part.content) == (206, whole.content[start:end]), asked
            assert part["Content-Range"] == f"bytes {start}-{end - 1}/{size}"

        for asked in ("bytes=0-1,5-6", "seconds=1-2", "bytes=9-3", "bytes=-", "bytes"):
            assert http.get(path, HTTP_RANGE=asked).status_code == 200, asked
        for asked in (f"bytes={size}-", "bytes=-0"):
            behind = http.get(path, HTTP_RANGE=asked)
            assert problem(behind, 416)["size"] == size, asked
            assert behind["Content-Range"] == f"bytes */{size}"
        assert http.get(path, HTTP_RANGE="bytes=0-9", HTTP_IF_RANGE='"old"').status_code == 200
        same = http.get(path, HTTP_IF_NONE_MATCH=etag)
        assert (same.status_code, same.content) == (304, b"")


class TestMarkup:
    @pytest.mark.parametrize(
        "text",
        [
            '<speak>Hello <break time="2s"/> there.</speak>',
            "Hello <break/> there, my friend.",
            'It is <say-as interpret-as="date">2026</say-as> now.',
            '<amazon:effect name="whispered">Quiet.</amazon:effect>',
            "<PHONEME ph='x'>pecan</PHONEME> pie",
            '<?xml version="1.0"?> Hello there, my friend.',
        ],
    )
    def test_is_refused_and_not_read_aloud(self, http: Sender, world: World, text: str) -> None:
        """A9."""
        fault = problem(say(http, world, text=text), 422)["errors"][0]
        assert (fault["code"], fault["attr"]) == ("ssml_unsupported", "text")

        batch = {"items": [{"text": SENTENCE}, {"text": text}]} | {
            name: value for name, value in world.speech().items() if name != "text"
        }
        found = problem(http.post("/v1/speech/batch", batch), 422, "invalid")["errors"]
        assert [(one["code"], one["attr"]) for one in found] == [
            ("ssml_unsupported", "items.1.text")
        ]

    @pytest.mark.parametrize("text", ["If a < b and b > c, then what?", "<3 you all, dear friends"])
    def test_is_not_seen_in_signs_of_less_and_more(
        self, http: Sender, world: World, text: str
    ) -> None:
        assert say(http, world, text=text).status_code == 200


def test_a_text_that_draws_nothing_is_no_text_to_speak(http: Sender, world: World) -> None:
    for text in ("\u200b" * 5, "\ufeff", "\u3164", "\u2800", "\u0301\u0308"):
        (fault,) = problem(say(http, world, text=text), 422)["errors"]

        assert (fault["code"], fault["attr"]) == ("blank", "text"), ascii(text)


class TestAJob:
    def batch(self, http: Sender, world: World) -> dict[str, Any]:
        common = {name: value for name, value in world.speech().items() if name != "text"}
        items = [{"text": SENTENCE, "client_reference": f"line {n}"} for n in range(3)]
        answer = http.post("/v1/speech/batch", common | {"items": items})
        assert answer.status_code == 202, answer.content
        assert int(answer["Retry-After"]) >= 1
        made: dict[str, Any] = answer.json()
        return made

    def test_gives_back_the_callers_names_for_its_texts(self, http: Sender, world: World) -> None:
        """A16."""
        job = self.batch(http, world)
        assert [one["client_reference"] for one in job["items"]] == ["line 0", "line 1", "line 2"]
        polled = http.get(f"/v1/jobs/{job['id']}")
        assert int(polled["Retry-After"]) >= 1
        assert polled.json()["items"] == job["items"]

    @pytest.mark.parametrize("mode", ["sync", "stream"])
    def test_is_never_made_of_what_was_to_be_waited_for(
        self, http: Sender, world: World, mode: str
    ) -> None:
        """A16: `sync` was a job in silence."""
        common = {name: value for name, value in world.speech().items() if name != "text"}
        batch = common | {"items": [{"text": SENTENCE}], "delivery": {"mode": mode}}
        (fault,) = problem(http.post("/v1/speech/batch", batch), 422, "invalid")["errors"]
        assert (fault["code"], fault["attr"]) == ("unsupported_field", "delivery.mode")
        assert http.post("/v1/speech/batch", batch | {"delivery": {}}).status_code == 202

    def test_is_cancelled_once_and_keeps_what_it_made(self, http: Sender, world: World) -> None:
        job = self.batch(http, world)
        JobItem.objects.filter(job_id=job["id"], position=0).update(
            state=JobState.RUNNING, lease_until="2027-01-01T00:00:00Z"
        )
        path = f"/v1/jobs/{job['id']}"

        cancelled = http.post(f"{path}/cancel").json()

        assert cancelled["progress"] == {
            "total": 3, "done": 0, "refused": 0, "failed": 0, "cancelled": 2,
        }  # fmt: skip
        states = [(one["state"], one["code"]) for one in cancelled["items"]]
        assert states == [("running", None), *[("cancelled", "cancelled")] * 2]
        assert not JobItem.objects.filter(job_id=job["id"], state="cancelled").exclude(
            sealed_text=None
        )
        assert http.post(f"{path}/cancel").json() == cancelled
        problem(http.post("/v1/jobs/job_" + "a" * 26 + "/cancel"), 404)

    def test_that_is_cancelled_whole_is_finished(self, http: Sender, world: World) -> None:
        job = self.batch(http, world)
        answer = http.post(f"/v1/jobs/{job['id']}/cancel")
        assert answer.json()["state"] == "cancelled" and answer.json()["finished_at"]
        assert "Retry-After" not in answer


class TestAConflict:
    def test_that_passes_by_itself_says_when(self) -> None:
        """F: the document promised `Retry-After` for 409, and no answer had it."""
        running = IdempotencyRunning("The first call is still running.", retry_after=1)
        status, _, headers = problems.describe_error(running)
        assert (status, headers["Retry-After"]) == (409, "1")
        assert "Retry-After" not in problems.describe_error(Conflict("Not so."))[2]


class TestAClip:
    def test_in_the_making_is_shown(self, http: Sender, world: World) -> None:
        """F: the head of a stream named a clip that did not exist until it was settled."""
        seen: list[Any] = []
        world["voice_id"]

        def look() -> None:
            clip = Clip.objects.get(state="making")
            seen.append(http.get(f"/v1/clips/{clip.id}"))
            seen.append(http.get(f"/v1/clips/{clip.id}/audio"))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(registry, "_BUILT_IN", {"local": lambda: Reader(look)})
            assert say(http, world).status_code == 200

        shown, audio = seen
        assert shown.json()["state"] == "making" and int(shown["Retry-After"]) >= 1
        problem(audio, 404, "not_found")
