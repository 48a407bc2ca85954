"""Exports over HTTP: asked for, waited for, downloaded; by anyone who may, and no one else."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from rest_framework.test import APIClient

from accounts.models import Organisation
from core import clock
from provenance.exports import worker
from provenance.models import Export
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.provenance.exports.conftest import Check
from tests.support import consent_factories, export_scenario
from tests.support.export_scenario import Story

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/v1/exports"


@pytest.fixture
def client(told: Story, make_key: MakeKey, client_of: ClientOf) -> APIClient:
    """Acme's product with a test key."""
    return client_of(make_key())


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def ask(client: APIClient, **body: Any) -> Any:
    return client.post(URL, body, format="json")


def make() -> None:
    worker.make_pending_exports(now=clock.now)


class TestPost:
    def test_answers_202_with_an_export_that_is_queued(self, client: APIClient) -> None:
        answer = ask(client, kind="audit")

        said = answer.json()
        assert (answer.status_code, answer["Location"]) == (202, f"{URL}/{said['id']}")
        assert (said["object"], said["state"], said["progress"]) == (
            "export",
            "queued",
            {"rows": 0},
        )

    @pytest.mark.parametrize(
        ("body", "attr"),
        [
            ({}, "kind"),
            ({"kind": "all"}, "kind"),
            ({"kind": ["audit"]}, "kind"),
            ({"kind": "audit", "colour": "red"}, "colour"),
            ({"kind": "audit", "speaker": "spk_x"}, "speaker"),
            ({"kind": "speaker"}, "speaker"),
            ({"kind": "audit", "from": "yesterday"}, "from"),
            ({"kind": "audit", "from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, "to"),
            (
                {
                    "kind": "audit",
                    "from": "2026-01-02T00:00:00.0001Z",
                    "to": "2026-01-02T00:00:00.0009Z",
                },
                "to",
            ),
            ({"kind": "audit", "from": "0001-01-01T00:00:00+14:00"}, "from"),
            ({"kind": "audit", "from": "1969-12-31T23:59:59Z"}, "from"),
            ({"kind": "audit", "to": "9999-12-31T23:59:59Z"}, "to"),
            ({"kind": "audit", "to": "9999-12-31T23:59:59-14:00"}, "to"),
        ],
    )
    def test_refuses_what_makes_no_sense(
        self, client: APIClient, body: dict[str, Any], attr: str
    ) -> None:
        answer = ask(client, **body)

        assert answer.status_code == 422
        assert [error["attr"] for error in answer.json()["errors"]] == [attr]
        assert not Export.objects.exists()

    @pytest.mark.parametrize("speaker", ["spk_x", "org_x", "x" * 64, "\x00"])
    def test_knows_no_strange_speakers(self, client: APIClient, speaker: str) -> None:
        assert ask(client, kind="speaker", speaker=speaker).status_code in {404, 422}
        assert not Export.objects.exists()


class TestDownload:
    def test_is_the_verified_bundle(self, client: APIClient, check: Check) -> None:
        made = ask(client, kind="audit").json()
        make()
        said = client.get(f"{URL}/{made['id']}").json()
        answer = client.get(f"{URL}/{made['id']}/download")

        data = body_of(answer)
        assert (said["state"], said["sha256"], said["size"]) == (
            "ready",
            hashlib.sha256(data).hexdigest(),
            len(data),
        )
        assert (answer["Content-Type"], answer["Content-Length"]) == (
            "application/zip",
            str(len(data)),
        )
        assert check(data).code == 3

    def test_streams_under_asgi_too(self, told: Story, make_key: MakeKey) -> None:
        export, key = export_scenario.export(told.organisation), make_key()

        async def download() -> bytes:
            headers = {"Authorization": f"Bearer {key.secret}"}
            answer: Any = await AsyncClient().get(f"{URL}/{export.id}/download", headers=headers)
            assert answer.is_async
            return b"".join([part async for part in answer.streaming_content])

        data = async_to_sync(download)()
        assert hashlib.sha256(data).hexdigest() == export.sha256

    def test_is_409_before_it_is_there(self, client: APIClient) -> None:
        made = ask(client, kind="audit").json()

        answer = client.get(f"{URL}/{made['id']}/download")
        assert (answer.status_code, answer.json()["code"]) == (409, "export_not_ready")

    def test_is_409_when_its_time_is_over(self, client: APIClient) -> None:
        made = ask(client, kind="audit").json()
        make()
        worker.expire_exports(at=clock.now() + timedelta(days=8))

        assert client.get(f"{URL}/{made['id']}").json()["state"] == "expired"
        assert client.get(f"{URL}/{made['id']}/download").status_code == 409


class TestWhoPeopleAre:
    def test_need_the_scope_of_speakers_to_be_asked_for(
        self, told: Story, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        client = client_of(make_key(scopes=("exports:read", "exports:write")))

        answer = ask(client, kind="speaker", speaker=told.speaker.id)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        assert not Export.objects.exists()

    def test_need_it_to_be_downloaded(
        self, told: Story, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        client = client_of(make_key(scopes=("exports:read",)))
        for row in (
            export_scenario.export(told.organisation, "speaker", speaker_id=told.speaker.id),
            export_scenario.export(told.organisation),
        ):
            answer = client.get(f"{URL}/{row.id}/download")
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), row.kind

        counted = export_scenario.export(told.organisation, "usage")
        assert client.get(f"{URL}/{counted.id}/download").status_code == 200

    def test_are_left_out_of_what_a_key_without_it_asks_for(
        self, told: Story, make_key: MakeKey, client_of: ClientOf, check: Check
    ) -> None:
        client = client_of(make_key(scopes=("exports:read", "exports:write")))
        made = ask(client, kind="audit").json()
        make()

        data = body_of(client.get(f"{URL}/{made['id']}/download"))
        files = export_scenario.members(data)
        assert files["tables/intended_uses.jsonl"] == b""
        assert not any(
            consent_factories.AUDIOBOOK["intended_uses"].encode() in content
            for content in files.values()
        )
        verdict = check(data)
        assert (verdict.code, verdict.checks["purposes"], verdict.checks["whole"]) == (
            3,
            "not checked",
            "ok",
        )


class TestEveryDownload:
    def test_is_logged_with_who_took_it(self, told: Story, client: APIClient) -> None:
        for kind, opened in (("audit", 0), ("ropa", 0), ("usage", 0), ("speaker", 1)):
            about = {"speaker_id": told.speaker.id} if kind == "speaker" else {}
            row = export_scenario.export(told.organisation, kind, **about)
            client.get(f"{URL}/{row.id}/download")

            kinds = export_scenario.logged(told.organisation, after=row)
            assert (kinds.count("export.downloaded"), kinds.count("speaker.opened")) == (
                1,
                opened,
            ), kind

    def test_is_logged_only_when_there_is_one(self, told: Story, client: APIClient) -> None:
        made = ask(client, kind="audit").json()
        client.get(f"{URL}/{made['id']}/download")

        assert "export.downloaded" not in export_scenario.logged(told.organisation)


class TestAccess:
    def test_is_refused_without_the_scope(
        self, told: Story, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        client = client_of(make_key(scopes=("exports:read", "speakers:write")))

        assert (ask(client, kind="audit").status_code, client.get(URL).status_code) == (403, 200)

    @pytest.mark.parametrize("path", ["", "/download"])
    def test_of_a_neighbour_is_404(
        self,
        client: APIClient,
        bolt: Organisation,
        make_key: MakeKey,
        client_of: ClientOf,
        path: str,
    ) -> None:
        made = ask(client, kind="audit").json()
        stranger = client_of(make_key(organisation=bolt))

        assert stranger.get(f"{URL}/{made['id']}{path}").status_code == 404
        assert stranger.get(URL).json()["data"] == []

    def test_of_test_data_is_404_for_a_live_key(
        self, client: APIClient, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        made = ask(client, kind="audit").json()

        assert client_of(make_key(live=True)).get(f"{URL}/{made['id']}").status_code == 404

    def test_lists_the_newest_first(self, client: APIClient) -> None:
        made = [ask(client, kind=kind).json()["id"] for kind in ("audit", "ropa", "usage")]

        assert [row["id"] for row in client.get(URL).json()["data"]] == made[::-1]
