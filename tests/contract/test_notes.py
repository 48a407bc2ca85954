"""The caller's own id and notes: settable wherever they are shown, merged, found again (A17)."""

from __future__ import annotations

from typing import Any

import pytest

from core import clock
from erasure import execution
from tests.contract.conftest import Sender, World, problem
from tests.support.api_calls import ADA, asked
from tests.voices.conftest import AUDIOBOOK, noon

pytestmark = [pytest.mark.django_db, pytest.mark.once]

NOTED = {"external_id": "x-1", "metadata": {"shelf": "b", "row": "2"}}


def shown(answer: Any) -> dict[str, Any]:
    assert answer.status_code < 300, answer.content
    found = answer.json()
    return {"external_id": found["external_id"], "metadata": found["metadata"]}


class TestNotes:
    def test_are_taken_wherever_they_are_shown(self, http: Sender, world: World) -> None:
        voice = world["voice_id"]
        for path, body in (
            ("/v1/speakers", ADA),
            ("/v1/exports", {"kind": "audit"}),
            ("/v1/api_keys", {"product": "X", "scopes": ["clips:read"], "mode": "test"}),
            ("/v1/decisions", {"voice": voice, "language": "en", "use_case": AUDIOBOOK}),
            ("/v1/decisions", {"consent": "con_" + "a" * 26, "language": "en"}),
            ("/v1/speech", world.speech() | {"delivery": {"mode": "job"}}),
        ):
            made = http.post(path, NOTED | body)
            assert shown(made) == NOTED, path
            one = f"{path.replace('/speech', '/jobs')}/{made.json()['id']}"
            assert shown(http.get(one)) == NOTED, path
        assert shown(http.patch("/v1/organisation", NOTED)) == NOTED
        assert shown(http.get("/v1/organisation")) == NOTED

    @pytest.mark.parametrize("name", ["speakers", "consents", "voices", "api_keys", "organisation"])
    def test_are_merged_key_by_key(self, http: Sender, world: World, name: str) -> None:
        ids = {
            "speakers": "speaker_id", "consents": "consent_id", "voices": "voice_id",
            "api_keys": "key_id",
        }  # fmt: skip
        path = f"/v1/{name}/{world[ids[name]]}" if name in ids else f"/v1/{name}"

        assert shown(http.patch(path, NOTED)) == NOTED
        merged = shown(http.patch(path, {"metadata": {"row": None, "box": "9"}}))
        assert merged == {"external_id": "x-1", "metadata": {"shelf": "b", "box": "9"}}
        assert shown(http.patch(path, {"external_id": None}))["external_id"] is None
        many = {f"k{number}": "v" for number in range(19)}
        fault = problem(http.patch(path, {"metadata": many}), 422, "invalid")["errors"][0]
        assert (fault["code"], fault["attr"]) == ("out_of_range", "metadata")

    def test_null_removes_nothing_where_nothing_is_yet(self, http: Sender) -> None:
        fault = problem(http.post("/v1/speakers", ADA | {"metadata": {"a": None}}), 422)["errors"]
        assert fault[0]["code"] == "null"

    def test_of_a_consent_change_nothing_of_what_was_asked(self, http: Sender) -> None:
        made = asked(http)
        path = f"/v1/consents/{made['id']}"
        changed = http.patch(path, NOTED).json()
        apart = {"external_id", "metadata", "warnings", "signing_url"}
        assert {k: v for k, v in changed.items() if k not in apart} == {
            k: v for k, v in made.items() if k not in apart
        }
        problem(http.patch(path, {"grants": []}), 422, "invalid")

    def test_of_an_erasure_go_with_the_person(self, http: Sender) -> None:
        speaker = http.post("/v1/speakers", ADA).json()["id"]
        begun = http.post(f"/v1/speakers/{speaker}/erase", NOTED | {"reason": "requested"})
        assert shown(begun) == NOTED

        execution.continue_erasure(begun.json()["id"], now=noon)

        ended = http.get(f"/v1/erasures/{begun.json()['id']}")
        assert ended.json()["state"] == "completed"
        assert shown(ended) == {"external_id": None, "metadata": {}}
        assert http.get("/v1/erasures?external_id=x-1").json()["data"] == []


class TestANarrowing:
    def test_takes_grants_as_they_were_read(self, http: Sender, world: World) -> None:
        """F: `state` and `signed` were unknown fields on the way back."""
        path = f"/v1/consents/{world['consent_id']}"
        grants = http.get(path).json()["grants"]
        grants[0]["languages"] = ["en"]

        answer = http.post(f"{path}/narrow", {"grants": grants})

        assert answer.status_code == 200, answer.content
        again = answer.json()["grants"]
        assert again[0]["languages"] == ["en"]
        assert again[0]["signed"]["languages"] == ["en", "de"]
        assert http.post(f"{path}/narrow", {"grants": again}).status_code == 200


class TestTheTestClock:
    def test_is_read_moved_within_bounds_and_set_back(self, http: Sender) -> None:
        """A14: it was one way, unseen, and without an end."""
        at = clock.to_rfc3339(noon())
        first = http.get("/v1/test/clock").json()
        assert (first["now"], first["real_time"], first["latest"][:4]) == (at, at, "2051")

        moved = http.post("/v1/test/clock", {"advance": "P1Y"}).json()
        assert moved["now"][:4] == "2027" and http.get("/v1/test/clock").json() == moved
        fault = problem(http.post("/v1/test/clock", {"advance": "P24Y1D"}), 422)["errors"][0]
        assert (fault["code"], fault["attr"]) == ("out_of_range", "advance")
        assert "2051" in fault["detail"]

        assert http.delete("/v1/test/clock").json() == first
        assert http.delete("/v1/test/clock").status_code == 200
