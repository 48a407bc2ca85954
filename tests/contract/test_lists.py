"""Lists find things again, and ask the database a few times whatever a page holds (A15, L-F1 to
L-F13).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Organisation
from consent.models import Consent, Decision, Speaker
from core import ids
from erasure.models import Erasure
from provenance.models import Clip, Export
from tests.conftest import NOON
from tests.contract.conftest import Sender, problem
from tests.fixtures.organisations import MakeKey
from tests.support.api_calls import ADA, asked
from tests.voices.conftest import AUDIOBOOK, SENTENCE, MakeVoice
from voices.models import Job, Voice

pytestmark = pytest.mark.django_db

NOTED: dict[str, Any] = {
    "external_id": "order 17+a",
    "metadata": {"shelf": "b", "a]b[": "x+y", "Größe": "", "many words": "one, two = three & four"},
}
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
    (Clip, "issued_at", {"consent_id": "con_x"}),
    (Clip, "issued_at", {"voice_id": "vox_x"}),
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


def ask_for_entry(entry: tuple[str, str]) -> str:
    """Write one entry of `metadata` as a query has it."""
    return urlencode({f"metadata[{entry[0]}]": entry[1]})


@pytest.fixture
def filled(http: Sender, make_voice: MakeVoice) -> Sender:
    make_one_of_each(http, make_voice)
    return http


class TestAList:
    def test_asks_the_database_as_often_for_one_row_as_for_many(
        self, http: Sender, make_voice: MakeVoice
    ) -> None:
        """L-F1, L-F2, L-F7, L-F8, L-F9, L-F10, L-F11, L-F12: a page made 22 or 102
        queries, one or two a row.
        """
        make_one_of_each(http, make_voice)
        before = {path: count_queries(http, f"{path}?limit=100") for path in LISTS}
        make_one_of_each(http, make_voice)
        make_one_of_each(http, make_voice)
        after = {path: count_queries(http, f"{path}?limit=100") for path in LISTS}

        assert {path: n for path, n in after.items() if n > MOST_QUERIES} == {}
        assert {path: (before[path], n) for path, n in after.items() if n != before[path]} == {}

    def test_is_narrowed_by_the_callers_own_notes(self, filled: Sender) -> None:
        """A15, F: blanks and plus signs stay what they are, and all entries count, exactly."""
        every = "&".join(map(ask_for_entry, NOTED["metadata"].items()))
        for path in LISTS:
            found = filled.get(f"{path}?external_id=order%2017%2Ba").json()["data"]
            assert found, path
            assert {row["external_id"] for row in found} == {NOTED["external_id"]}
            assert filled.get(f"{path}?external_id=order%2018").json()["data"] == []
            problem(filled.get(f"{path}?external=x"), 422, "invalid")

            assert filled.get(f"{path}?{every}").json()["data"] == found, path
            for entry in (("shelf", "B"), ("shelf", ""), ("b", "shelf"), ("shelf", "bb")):
                asked = f"{path}?{ask_for_entry(entry)}"
                assert filled.get(asked).json()["data"] == [], (path, entry)
            problem(filled.get(f"{path}?{every}&{ask_for_entry(('shelf', 'B'))}"), 422, "invalid")
        for wrong in (
            "metadata=b", "metadata[]=b", f"metadata[{'k' * 41}]=b", "metadata[a=b",
            "metadata=b&metadata[shelf]=b",
        ):  # fmt: skip
            problem(filled.get(f"/v1/clips?{wrong}"), 422, "invalid")

    def test_is_walked_by_pages_of_an_entry_of_metadata(self, http: Sender) -> None:
        made = [http.post("/v1/speakers", ADA | NOTED).json()["id"] for _ in range(5)]
        http.post("/v1/speakers", ADA)
        walked: list[str] = []
        asked = path = f"/v1/speakers?limit=2&{ask_for_entry(('shelf', 'b'))}"
        while True:
            assert count_queries(http, asked) <= MOST_QUERIES
            page = http.get(asked).json()
            walked += [row["id"] for row in page["data"]]
            if not page["has_more"]:
                break
            asked = f"{path}&after={page['last_id']}"
        assert (len(walked), set(walked)) == (5, set(made))

    def test_has_no_entry_that_was_taken_away_or_is_another_organisations(
        self, http: Sender, make_key: MakeKey, bolt: Organisation
    ) -> None:
        made = http.post("/v1/speakers", ADA | NOTED).json()["id"]
        asked = f"/v1/speakers?{ask_for_entry(('shelf', 'b'))}"
        assert len(http.get(asked).json()["data"]) == 1
        assert Sender(make_key(organisation=bolt).secret).get(asked).json()["data"] == []

        http.patch(f"/v1/speakers/{made}", {"metadata": {"shelf": None}})

        assert http.get(asked).json()["data"] == []

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
            ("/v1/voices?speaker=con_aaaaaaaaaaaaaaaaaaaaaaaaaa", "invalid"),
            ("/v1/clips?voice=vox_1", "invalid"),
            ("/v1/decisions?consent=x", "invalid"),
            ("/v1/clips?state=making", "invalid"),
        ],
    )
    def test_refuses_words_that_nothing_could_have(
        self, http: Sender, query: str, code: str
    ) -> None:
        problem(http.get(query), 422, code)


@pytest.mark.postgres
class TestAPlan:
    """L-F3, L-F4, L-F5, L-F13. Without scans and sorts at hand, a list has an index that serves its
    filter and its order.
    """

    def test_needs_no_scan_and_no_sort(self) -> None:
        for model, by, filters in ORDERS:
            rows = model.objects.filter(organisation_id="org_x", livemode=False, **filters)
            with transaction.atomic():
                if filters:
                    # This index would serve the order, and walk the list for the rows wanted.
                    drop_index(f"{model.__name__.lower()}_by_time")
                plan = explain(rows.order_by(f"-{by}", "-pk")[:21])
                transaction.set_rollback(True)
            assert not re.search(r"Seq Scan|Sort", plan), plan
            for column in filters:
                assert not re.search(rf"Filter:.*\b{column}\b", plan), plan

    def test_finds_the_callers_own_id_by_an_index(self) -> None:
        for model in {model for model, _, _ in ORDERS}:
            plan = explain(model.objects.filter(external_index="ab" * 32))
            assert "Seq Scan" not in plan, plan

    def test_finds_an_entry_of_metadata_by_an_index(self) -> None:
        for model in {model for model, _, _ in ORDERS}:
            plan = explain(model.objects.filter(metadata_index__holds_all=["ab" * 16]), "seqscan")
            assert re.search(r"Bitmap Index Scan on \w+_by_metadata", plan), plan

    def test_for_an_entry_that_few_rows_have_walks_no_list(self, acme: Organisation) -> None:
        """An index of the order would be walked to its end for the one row that is wanted."""
        common, rare = "0" * 32, "1" * 32
        Speaker.objects.bulk_create(
            Speaker(
                id=ids.new("spk"),
                organisation=acme,
                livemode=False,
                subject=ids.new("sub"),
                sealed=b"x",
                metadata_index=[common, *([rare] if number == 7 else [])],
                created_at=NOON + timedelta(seconds=number),
            )
            for number in range(3000)
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE consent_speaker")

        rows = Speaker.objects.filter(organisation=acme, livemode=False)
        found = rows.filter(metadata_index__holds_all=[common, rare])
        plan = found.order_by("-created_at", "-pk")[:21].explain()

        assert "speaker_by_metadata" in plan, plan
        assert len(found) == 1


def drop_index(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {name}")


def explain(rows: Any, *without: str) -> str:
    with connection.cursor() as cursor:
        for kind in without or ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{kind} = off")
    found: str = rows.explain()
    return found
