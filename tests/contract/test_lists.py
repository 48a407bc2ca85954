"""Lists find things again, and ask the database a few times whatever a page holds (A15, L-F1 to
L-F13).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consent.models import Consent, Decision, Speaker
from erasure.models import Erasure
from provenance.models import Clip, Export
from tests.contract.conftest import Sender, problem
from tests.support.api_calls import ADA, asked
from tests.voices.conftest import AUDIOBOOK, SENTENCE, MakeVoice
from voices.models import Job, Voice

pytestmark = pytest.mark.django_db

NOTED = {"external_id": "order 17+a", "metadata": {"shelf": "b"}}
LISTS = {
    "/v1/speakers", "/v1/consents", "/v1/voices", "/v1/decisions", "/v1/jobs", "/v1/clips",
    "/v1/exports", "/v1/erasures", "/v1/api_keys",
}  # fmt: skip
MOST_QUERIES = 8
FILTERS = (
    ("/v1/speakers", "state=active&kind=adult", "kind=estate"),
    ("/v1/speakers", "email=ada%40example.org", "email=eve%40example.org"),
    ("/v1/consents", f"state=requested&use_case={AUDIOBOOK}", "use_case=dubbing"),
    ("/v1/voices", f"state=ready&language=EN&use_case={AUDIOBOOK}", "state=failed"),
    ("/v1/decisions", "allowed=false&preview=true", "allowed=true&preview=true"),
    ("/v1/jobs", "kind=speech", "kind=batch"),
    ("/v1/clips", f"state=issued&language=en&use_case={AUDIOBOOK}", "state=erased"),
    ("/v1/clips", "client_reference=line%201", "client_reference=line%202"),
    ("/v1/exports", "kind=audit", "state=expired"),
    ("/v1/erasures", "state=running", "state=completed"),
    ("/v1/api_keys", "mode=test&product=X", "product=Y"),
)
"""A list, a filter that finds something of what `make_one_of_each` made, and one that does not."""

ORDERS: tuple[tuple[Any, str, dict[str, Any]], ...] = (
    (Speaker, "created_at", {}),
    (Consent, "created_at", {}),
    (Consent, "created_at", {"state": "active"}),
    (Voice, "created_at", {}),
    (Decision, "created_at", {}),
    (Decision, "created_at", {"allowed": False}),
    (Job, "created_at", {}),
    (Clip, "issued_at", {}),
    (Clip, "issued_at", {"language": "en"}),
    (Clip, "issued_at", {"use_case": AUDIOBOOK}),
    (Clip, "issued_at", {"state": "withdrawn"}),
    (Export, "created_at", {}),
    (Erasure, "created_at", {}),
)


def speech(voice: Voice, **more: Any) -> dict[str, Any]:
    said = {"text": SENTENCE, "language": "en", "use_case": AUDIOBOOK, "voice": voice.id}
    return said | NOTED | more


def make_one_of_each(http: Sender, make_voice: MakeVoice) -> None:
    """Make a row for every list, with notes wherever they can be set."""
    voice = make_voice()
    doomed = http.post("/v1/speakers", ADA | NOTED).json()["id"]
    for path, body in (
        ("/v1/decisions", NOTED | {"voice": voice.id, "language": "ja", "use_case": AUDIOBOOK}),
        ("/v1/speech", speech(voice, client_reference="line 1")),
        ("/v1/speech", speech(voice, delivery={"mode": "job"})),
        ("/v1/exports", NOTED | {"kind": "audit"}),
        (f"/v1/speakers/{doomed}/erase", NOTED | {"reason": "requested"}),
        ("/v1/api_keys", NOTED | {"product": "X", "scopes": ["clips:read"], "mode": "test"}),
    ):
        answer = http.post(path, body)
        assert answer.status_code < 300, (path, answer.content)
    asked(http, **NOTED)
    answer = http.patch(f"/v1/voices/{voice.id}", NOTED)
    assert answer.status_code == 200, answer.content


def count_queries(http: Sender, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = http.get(path)
    assert answer.status_code == 200, answer.content
    assert answer.json()["data"], path
    return len(captured)


@pytest.fixture
def filled(http: Sender, make_voice: MakeVoice) -> Sender:
    make_one_of_each(http, make_voice)
    return http


class TestAList:
    def test_asks_the_database_as_often_for_one_row_as_for_many(
        self, http: Sender, make_voice: MakeVoice
    ) -> None:
        """L-F1, L-F2, L-F7 to L-F12: a page made 22 or 102 queries, one or two a row."""
        make_one_of_each(http, make_voice)
        before = {path: count_queries(http, f"{path}?limit=100") for path in LISTS}
        make_one_of_each(http, make_voice)
        make_one_of_each(http, make_voice)
        after = {path: count_queries(http, f"{path}?limit=100") for path in LISTS}

        assert {path: n for path, n in after.items() if n > MOST_QUERIES} == {}
        assert {path: (before[path], n) for path, n in after.items() if n != before[path]} == {}

    def test_is_narrowed_by_the_callers_own_id(self, filled: Sender) -> None:
        """A15: blanks and plus signs in it stay what they are."""
        for path in LISTS:
            found = filled.get(f"{path}?external_id=order%2017%2Ba").json()["data"]
            assert found, path
            assert {row["external_id"] for row in found} == {NOTED["external_id"]}
            assert filled.get(f"{path}?external_id=order%2018").json()["data"] == []
            problem(filled.get(f"{path}?external=x"), 422, "invalid")

    def test_is_narrowed_by_what_its_objects_show(self, filled: Sender) -> None:
        for path, hit, miss in FILTERS:
            assert filled.get(f"{path}?{hit}").json()["data"], hit
            assert filled.get(f"{path}?{miss}").json()["data"] == [], miss

    def test_goes_on_behind_what_its_filter_no_longer_finds(self, http: Sender) -> None:
        """A row that changed its state or its id between two pages ended the walk with a 422."""
        for _ in range(3):
            asked(http, external_id="walk")
        steps: dict[str, Callable[[str], Any]] = {
            "external_id=walk": lambda one: http.patch(f"/v1/{one}", {"external_id": "other"}),
            "state=requested": lambda one: http.post(f"/v1/test/{one}/sign"),
        }
        for query, change in steps.items():
            gone, *others = [row["id"] for row in http.get(f"/v1/consents?{query}").json()["data"]]
            assert change(f"consents/{gone}").status_code == 200
            rest = http.get(f"/v1/consents?{query}&limit=9&after={gone}").json()["data"]
            assert [row["id"] for row in rest] == others

    @pytest.mark.parametrize("path", sorted(LISTS | {"/v1/channels", "/v1/codecs"}))
    def test_reads_every_parameter_once(self, http: Sender, path: str) -> None:
        for query, code in (("limit=1&limit=2", "duplicate"), ("after=", "invalid")):
            assert problem(http.get(f"{path}?{query}"), 422)["errors"][0]["code"] == code

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("/v1/clips?language=english", "language_unknown"),
            ("/v1/clips?use_case=nonsense.foo", "use_case_unknown"),
            ("/v1/voices?use_case=nonsense.foo", "use_case_unknown"),
            ("/v1/consents?use_case=nonsense.foo", "use_case_unknown"),
            ("/v1/decisions?allowed=perhaps", "invalid"),
            ("/v1/clips?state=making", "invalid"),
        ],
    )
    def test_refuses_words_that_nothing_could_have(
        self, http: Sender, query: str, code: str
    ) -> None:
        problem(http.get(query), 422, code)


@pytest.mark.postgres
class TestAPlan:
    """Without scans and sorts at hand, a list has an index that serves its filter and its order."""

    def test_needs_no_scan_and_no_sort(self) -> None:
        for model, by, filters in ORDERS:
            rows = model.objects.filter(organisation_id="org_x", livemode=False, **filters)
            plan = explain(rows.order_by(f"-{by}", "-pk")[:21])
            assert not re.search(r"Seq Scan|Sort", plan), plan

    def test_finds_the_callers_own_id_by_an_index(self) -> None:
        for model in {model for model, _, _ in ORDERS}:
            plan = explain(model.objects.filter(external_index="ab" * 32))
            assert "Seq Scan" not in plan, plan


def explain(rows: Any) -> str:
    with connection.cursor() as cursor:
        for kind in ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{kind} = off")
    found: str = rows.explain()
    return found
