"""Schemathesis over the OpenAPI document: whatever it sends, the answer is one that the document
describes.

Bounded and without chance: the same cases in every run. It says nothing of databases, so it runs on
one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config import api_docs
from tests.contract.conftest import Sender, World
from tests.contract.test_strict_document import OF_SHAPE
from tests.support.api_operations import Schema, document, operations

pytestmark = [pytest.mark.django_db, pytest.mark.once]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
NAMED = {"voice": "voice_id", "consent": "consent_id", "speaker": "speaker_id"}


@contextmanager
def one_connection() -> Iterator[None]:
    """Requests leave the connection open, as those of Django's own client do: the test's
    transaction is on it.
    """
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def described() -> dict[str, APIOperation[Any, Any, Any, Any]]:
    """The operations as schemathesis reads them, by name; the application answers in this
    process.
    """
    # A copy: the library hands out the examples themselves, and ids are put into them below.
    schema = schemathesis.openapi.from_dict(deepcopy(document()))
    schema.app = get_wsgi_application()
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(found) == len(operations())
    return {operation.definition.raw["operationId"]: operation for operation in found}


def ids_for(path: str, world: World) -> dict[str, str]:
    """Ids of real things: those that the path names, and those that bodies name."""
    return {
        name: world[name] for name in World.NAMES if f"{{{name}}}" in path or name in NAMED.values()
    }


def with_real_ids(case: Any, ids: Mapping[str, str]) -> None:
    """Put ids of real things where the case names some, so that it comes further than to a 404."""
    for parameter in case.path_parameters or ():
        case.path_parameters[parameter] = ids[parameter]
    if isinstance(case.body, dict):
        for field in NAMED.keys() & case.body.keys():
            if case.body[field] is not None:
                case.body[field] = ids[NAMED[field]]


# No schema can say that there must be one transcript a sample, or which rows a list has.
UNSAID = {"transcripts", "after"}
# Takes nothing, so that nothing about a call can be wrong.
NEVER_WRONG = {"c2pa_supported_algorithms"}
# What was wrong with an id in the body is not, once it is that of a real thing.
WITH_OTHER_IDS = {"exports_create"}
CASES = [
    pytest.param(one.name, mode, id=f"{one.name}-{mode.value}")
    for one in operations()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or one.name not in NEVER_WRONG
]


def find_faults_of_shape(response: Any) -> list[Schema]:
    """What is wrong with the shape of a request that the document allows: never anything."""
    if response.status_code < 400:
        return []
    return [
        fault
        for fault in response.json().get("errors", ())
        if fault["code"] in OF_SHAPE and fault["attr"] not in UNSAID
    ]


def has_empty_file(body: Any) -> bool:
    """Whether a form has a file of no bytes, which the library's client leaves out."""
    parts = body.values() if isinstance(body, dict) else ()
    files = [each for part in parts for each in (part if isinstance(part, list) else [part])]
    return any(getattr(each, "data", None) == b"" for each in files)


def is_wrong_in_body_alone(case: Any) -> bool:
    """Whether the document forbids this body."""
    parts = case.meta.components.items()
    wrong = [kind.value for kind, part in parts if part.mode is GenerationMode.NEGATIVE]
    return wrong == ["body"]


def is_refused(response: Any) -> bool:
    """Whether a call was not taken: a decision says so in its answer."""
    return response.status_code >= 400 or response.json().get("allowed") is False


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_every_answer_is_described(
    described: dict[str, APIOperation[Any, Any, Any, Any]],
    http: Sender,
    world: World,
    name: str,
    mode: GenerationMode,
) -> None:
    operation, numbers = described[name], count()
    ids = ids_for(operation.path, world)

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        if next(numbers) % 2:
            with_real_ids(case, ids)
        # In one process, the library does not decompress what it asks for.
        headers = {"Accept-Encoding": "identity"}
        if operation.definition.raw["security"]:
            headers["Authorization"] = f"Bearer {http.secret}"
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)
        if mode is GenerationMode.POSITIVE and not has_empty_file(case.body):
            assert find_faults_of_shape(response) == [], (case.body, case.query)
        elif is_wrong_in_body_alone(case) and name not in WITH_OTHER_IDS:
            assert is_refused(response), case.body

    with one_connection():
        answers()


def test_the_document_is_the_served_one(anybody: Sender) -> None:
    answer = anybody.get("/v1/openapi.json")
    assert (answer["Content-Type"], answer.content) == (
        "application/json",
        api_docs.build_openapi_document(),
    )
