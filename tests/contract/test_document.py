"""The OpenAPI document: valid, complete, and of one mind with the routes that are there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from tests.contract.conftest import Sender
from tests.support.api_operations import Schema, document, named, operations

BINARY = {
    "consents_receipt_pdf": "application/pdf", "erasures_certificate_pdf": "application/pdf",
    "exports_download": "application/zip", "clips_proof": "text/plain", "clips_audio": "audio/wav",
    "jobs_results": "application/zip",
    "clips_manifest": "application/c2pa", "c2pa_get_manifest": "application/c2pa",
    "clips_receipt": "application/jose", "speech_create": "audio/wav",
}  # fmt: skip
EVERY = [operation.name for operation in operations()]


def node(name: str) -> Schema:
    return next(operation.node for operation in operations() if operation.name == name)


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            yield "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", path)


class TestTheDocument:
    def test_is_made_without_a_warning_and_valid(self, tmp_path: Path) -> None:
        call_command(
            "spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yaml")
        )
        assert (tmp_path / "openapi.yaml").stat().st_size > 50_000

    @pytest.mark.django_db
    def test_is_json_for_everyone(self, anybody: Sender) -> None:
        answer = anybody.get(
            "/v1/openapi.json", HTTP_AUTHORIZATION="Bearer nonsense", HTTP_ACCEPT="text/yaml"
        )
        assert answer["Content-Type"] == "application/json"
        assert json.loads(answer.content)["openapi"].startswith("3.1.")

    @pytest.mark.django_db
    def test_is_sent_once_to_who_has_it(self, anybody: Sender) -> None:
        tag = anybody.get("/v1/openapi.json")["ETag"]
        assert anybody.get("/v1/openapi.json", HTTP_IF_NONE_MATCH=tag).status_code == 304

    def test_describes_every_route(self) -> None:
        known = {
            path
            for path in routes(get_resolver().url_patterns)
            if path.startswith(("/v1/", "/c2pa/"))
        }
        assert known - {"/v1/openapi.json", "/c2pa/root.pem"} == set(document()["paths"])

    def test_names_each_operation_and_schema_once(self) -> None:
        assert len(EVERY) == len(set(EVERY))
        assert [
            name
            for name in document()["components"]["schemas"]
            if not re.fullmatch(r"[A-Z][A-Za-z]+", name)
        ] == []


@pytest.mark.parametrize("name", EVERY)
class TestAnOperation:
    def test_says_what_can_go_wrong(self, name: str) -> None:
        problems = {
            status: one for status, one in node(name)["responses"].items() if int(status) >= 400
        }
        assert {"429", "500", "503"} <= set(problems)
        assert {one["$ref"] for one in problems.values()} == {
            f"#/components/responses/Problem{status}" for status in problems
        }

    def test_refers_to_nothing_that_is_missing(self, name: str) -> None:
        for reference in re.findall(r'"#/components/(\w+)/([\w-]+)"', json.dumps(node(name))):
            assert reference[1] in document()["components"][reference[0]]

    def test_asks_for_a_key_unless_it_is_open_to_all(self, name: str) -> None:
        # Strangers may leave the key out of these. A bad one is refused all the same.
        optional: list[Schema] = [{}] if named(name).open_to_all else []
        assert node(name)["security"] == [*optional, {"apiKey": []}]
        assert "401" in node(name)["responses"]

    def test_may_be_retried_when_it_makes_something(self, name: str) -> None:
        (operation,) = [one for one in operations() if one.name == name]
        references = [one.get("$ref") for one in operation.node.get("parameters", ())]
        retried = operation.method == "POST" and not operation.open_to_all
        assert ("#/components/parameters/IdempotencyKey" in references) == retried

    def test_names_its_request_and_its_answer(self, name: str) -> None:
        for status, answer in node(name)["responses"].items():
            if int(status) < 400:
                assert "X-Request-Id" in answer["headers"]
                assert answer.get("content") or status == "304"
        expected = BINARY.get(name, "application/json")
        assert expected in {
            kind
            for answer in node(name)["responses"].values()
            for kind in answer.get("content", ())
        }

    def test_that_lists_is_paged(self, name: str) -> None:
        if name.endswith("_list"):
            assert {"limit", "after"} <= {one["name"] for one in node(name)["parameters"]}


class TestSpeech:
    def test_describes_the_papers_of_the_audio(self) -> None:
        headers = node("speech_create")["responses"]["200"]["headers"]
        assert {"Sayso-Clip", "Sayso-Decision", "Sayso-Content-Sha256", "Link"} <= set(headers)
