"""Exports on the desk: who may take which bundle, and that taking one is on record."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import reverse

from accounts.models import Organisation, Role
from core import clock
from provenance.exports import worker
from provenance.models import Export
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.support import consent_factories, export_scenario
from tests.support.export_scenario import Story

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
NOBODYS = (Role.AUDITOR, Role.ENGINEER)


@pytest.fixture
def told(transactional_db: None, acme: Organisation) -> Story:
    """What a member's organisation has to export."""
    return export_scenario.tell(acme)


def take(client: Client, row: Export) -> Any:
    return client.get(reverse("admin:provenance_export_download", args=[row.id]))


def files(answer: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class TestADownload:
    def test_is_sent_part_by_part_by_a_server_of_asgi(
        self, told: Story, make_member: MakeMember
    ) -> None:
        """The whole bundle was gathered in memory first."""
        row = export_scenario.export(told.organisation)
        member = AsyncClient()
        member.cookies = logged_in(make_member(role=Role.OWNER)).cookies

        async def download() -> bytes:
            path = reverse("admin:provenance_export_download", args=[row.id])
            answer: Any = await member.get(path)
            assert answer.is_async
            return b"".join([part async for part in answer.streaming_content])

        assert hashlib.sha256(async_to_sync(download)()).hexdigest() == row.sha256


class TestAPersonsOwnBundle:
    @pytest.mark.parametrize("role", [Role.OWNER, Role.OFFICER])
    def test_is_given_to_who_may_open_a_person_and_logged_as_an_opening(
        self, told: Story, make_member: MakeMember, role: str
    ) -> None:
        row = export_scenario.export(told.organisation, "speaker", speaker_id=told.speaker.id)

        answer = take(logged_in(make_member(role=role)), row)

        assert b"ana@example.org" in files(answer)["tables/speakers.jsonl"]
        assert export_scenario.logged(told.organisation, after=row)[-2:] == [
            "speaker.opened",
            "export.downloaded",
        ]

    @pytest.mark.parametrize("role", NOBODYS)
    def test_is_given_to_no_other_role_and_nothing_is_logged(
        self, told: Story, make_member: MakeMember, role: str
    ) -> None:
        row = export_scenario.export(told.organisation, "speaker", speaker_id=told.speaker.id)
        client = logged_in(make_member(role=role))

        assert take(client, row).status_code in {403, 404}
        kinds = export_scenario.logged(told.organisation, after=row)
        assert not {"speaker.opened", "export.downloaded"} & set(kinds)

    def test_is_offered_to_no_auditor(self, told: Story, make_member: MakeMember) -> None:
        row = export_scenario.export(told.organisation, "speaker", speaker_id=told.speaker.id)
        page = reverse("admin:provenance_export_change", args=[row.id])
        link = reverse("admin:provenance_export_download", args=[row.id])

        assert link in logged_in(make_member(role=Role.OFFICER)).get(page).content.decode()
        assert link not in logged_in(make_member(role=Role.AUDITOR)).get(page).content.decode()


class TestWordsThatMayNamePeople:
    def test_of_an_audit_bundle_are_not_given_to_an_auditor(
        self, told: Story, make_member: MakeMember
    ) -> None:
        row = export_scenario.export(told.organisation)

        assert take(logged_in(make_member(role=Role.AUDITOR)), row).status_code == 403
        assert take(logged_in(make_member(role=Role.OFFICER)), row).status_code == 200

    @pytest.mark.parametrize(
        ("role", "words"), [(Role.AUDITOR, False), (Role.OFFICER, True), (Role.OWNER, True)]
    )
    def test_are_in_what_a_member_asks_for_only_if_the_desk_shows_them(
        self, told: Story, make_member: MakeMember, role: str, words: bool
    ) -> None:
        logged_in(make_member(role=role)).post(
            reverse("admin:provenance_export_audit"), {"reason": "yearly audit"}
        )

        assert Export.objects.get().words is words

    def test_are_missing_where_an_auditor_takes_the_rest(
        self, told: Story, make_member: MakeMember
    ) -> None:
        row = export_scenario.export(told.organisation, words=False)

        found = files(take(logged_in(make_member(role=Role.AUDITOR)), row))

        assert export_scenario.logged(told.organisation, after=row)[-1] == "export.downloaded"
        assert not any(
            consent_factories.AUDIOBOOK["intended_uses"].encode() in content
            for content in found.values()
        )
        assert b"intended_uses_sha256" in found["tables/grants.jsonl"]
        assert b"left out" in found["README.txt"]


class TestEveryDownload:
    def test_leaves_one_entry(self, told: Story, make_member: MakeMember) -> None:
        client = logged_in(make_member(role=Role.OWNER))
        for kind in ("audit", "ropa", "usage"):
            row = export_scenario.export(told.organisation, kind)
            for _ in range(2):
                assert take(client, row).status_code == 200

            assert (
                export_scenario.logged(told.organisation, after=row).count("export.downloaded") == 2
            ), kind

    def test_that_fails_leaves_none(self, told: Story, make_member: MakeMember) -> None:
        row = export_scenario.export(told.organisation)
        worker.expire_exports(at=clock.now() + worker.KEPT * 2)

        take(logged_in(make_member(role=Role.OWNER)), row)

        assert "export.downloaded" not in export_scenario.logged(told.organisation)
