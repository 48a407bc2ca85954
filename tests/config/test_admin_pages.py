"""The admin web UI: evidence cannot be edited, acts need a role and a reason, no one sees a
neighbour's rows.
"""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.admin_base import ReadOnlyAdmin
from accounts.models import Member, Organisation, Role
from consent.models import Consent, Speaker
from core import clock
from erasure import execution
from erasure.models import Erasure
from provenance.models import Export
from tests.conftest import NOON
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import PASSWORD, MakeMember
from tests.voices.conftest import MakeConsent
from transparency_log import sequencer
from transparency_log.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def page(row: Model, act: str = "change") -> str:
    opts = row._meta
    pk = quote(row.pk)
    return f"/admin/{opts.app_label}/{opts.model_name}/{pk}/{act}{'' if act.endswith('/') else '/'}"


def kinds(organisation_id: str) -> list[str]:
    sequencer.settle_log(organisation_id, at=NOON)
    return list(
        Entry.objects.filter(organisation_id=organisation_id)
        .order_by("idx")
        .values_list("kind", flat=True)
    )


class TestEvidence:
    def test_every_page_shows_and_none_can_edit(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        make_maras_consent()
        client = logged_in(make_member())
        ours = [
            (model, desk)
            for model, desk in admin.site._registry.items()
            if isinstance(desk, ReadOnlyAdmin)
        ]

        for model, _ in ours:
            listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            added = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
            assert client.get(listed).status_code == 200, model
            assert client.get(added).status_code == 403, model
            row = model._default_manager.first()
            if row is not None:
                assert client.get(page(row)).status_code == 200, model
                assert client.post(page(row), {}).status_code == 403, model
                assert client.post(page(row, "delete"), {"post": "yes"}).status_code == 403, model
        assert len(ours) >= 12

    def test_every_model_with_a_desk_is_narrowed_to_the_organisation(
        self, make_member: MakeMember, make_maras_consent: MakeConsent, bolt: Organisation
    ) -> None:
        consent = make_maras_consent()
        stranger = logged_in(make_member(organisation=bolt))

        assert consent.id not in stranger.get("/admin/consent/consent/").content.decode()
        for row in (consent, consent.speaker):
            answer = stranger.get(page(row))
            assert answer.status_code == 302, "Django sends a missing row back to the index"
        assert stranger.post(page(consent, "revoke"), {"reason": "other"}).status_code == 404
        assert Consent.objects.get(id=consent.id).state == "active"

    def test_is_shown_with_its_id_as_it_is_and_with_the_zone_of_its_times(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        consent = make_maras_consent()
        shown = logged_in(make_member()).get(page(consent)).content.decode()

        assert consent.id in shown
        assert consent.id.capitalize() not in shown
        assert f"{consent.created_at:%H:%M} UTC" in shown

    def test_shows_what_was_signed(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        consent = make_maras_consent()

        shown = logged_in(make_member(role=Role.AUDITOR)).get(page(consent)).content.decode()

        assert consent.record_sha256 in shown
        assert "record-eu-gdpr" in shown


class TestActs:
    def test_revoke_needs_a_reason(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        consent = make_maras_consent()
        client = logged_in(make_member(role=Role.OFFICER))

        assert client.post(page(consent, "revoke"), {"reason": "  "}).status_code == 200
        assert Consent.objects.get(id=consent.id).state == "active"

    def test_revoke_goes_through_the_service_and_on_record(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        consent = make_maras_consent()

        logged_in(make_member(role=Role.OFFICER)).post(
            page(consent, "revoke"), {"reason": "contract_ended", "words": "Ana left the agency"}
        )

        assert Consent.objects.get(id=consent.id).state == "terminated"
        assert kinds(consent.organisation_id)[-2:] == ["consent.revoked", "admin.action"]

    @pytest.mark.parametrize(
        ("role", "act"),
        [(Role.AUDITOR, "revoke"), (Role.ENGINEER, "revoke"), (Role.AUDITOR, "suspend")],
    )
    def test_are_refused_to_other_roles(
        self, make_member: MakeMember, make_maras_consent: MakeConsent, role: str, act: str
    ) -> None:
        consent = make_maras_consent()

        answer = logged_in(make_member(role=role)).post(
            page(consent, act), {"reason": "other", "words": "because I can"}
        )

        assert answer.status_code == 403
        assert Consent.objects.get(id=consent.id).state == "active"

    def test_suspend_and_resume(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        consent, client = make_maras_consent(), logged_in(make_member(role=Role.OFFICER))

        client.post(page(consent, "suspend"), {"reason": "dispute"})
        assert Consent.objects.get(id=consent.id).state == "suspended"

        client.post(page(consent, "resume"), {"reason": "settled"})
        assert Consent.objects.get(id=consent.id).state == "active"

    def test_erase_begins_an_erasure(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        speaker = make_maras_consent().speaker

        logged_in(make_member()).post(page(speaker, "erase"), {"reason": "requested"})

        assert Erasure.objects.get().speaker_id == speaker.id
        assert Speaker.objects.get(id=speaker.id).state == "frozen"

    def test_erase_asks_for_a_code_and_takes_no_words(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        speaker, client = make_maras_consent().speaker, logged_in(make_member())

        asked = client.get(page(speaker, "erase")).content.decode()
        refused = client.post(page(speaker, "erase"), {"reason": "She lives in Harbour Street"})

        assert "<textarea" not in asked
        assert "The reason is kept as a code alone" in asked
        assert 'value="unlawful"' in asked
        assert refused.status_code == 200
        assert not Erasure.objects.exists()

    def test_erase_is_offered_once_and_its_certificate_is_a_paper_that_says_test(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        speaker, client = make_maras_consent().speaker, logged_in(make_member(role=Role.OFFICER))
        assert "Erase this person" in client.get(page(speaker)).content.decode()
        words = {"reason": "requested", "words": "She lives in Harbour Street"}
        told = client.post(page(speaker, "erase"), words, follow=True).content.decode()
        erasure = Erasure.objects.get()
        assert "its code alone is kept: requested" in told
        running = client.get(page(erasure)).content.decode()
        missing = client.get(page(erasure, "certificate"))

        execution.continue_erasure(erasure.id, now=clock.now)

        erasure.refresh_from_db()
        shown, paper = (
            client.get(page(erasure)).content.decode(),
            client.get(page(erasure, "certificate")),
        )
        assert ("Certificate (PDF)" in running, missing.status_code) == (False, 403)
        assert "TEST: Certificate of erasure" in shown
        assert erasure.certificate_jws not in shown
        assert paper.content.startswith(b"%PDF")
        assert paper["Content-Disposition"].endswith('.certificate.pdf"')
        assert "Harbour Street" not in shown
        assert "Erase this person" not in client.get(page(speaker)).content.decode()

    @pytest.mark.parametrize(
        ("role", "reads"), [(Role.OFFICER, True), (Role.AUDITOR, True), (Role.ENGINEER, False)]
    )
    def test_words_are_read_again_by_officer_and_auditor(
        self, make_member: MakeMember, make_maras_consent: MakeConsent, role: str, *, reads: bool
    ) -> None:
        consent = make_maras_consent()
        words = "Ana left the agency <b>at once</b>"
        logged_in(make_member(role=Role.OWNER)).post(
            page(consent, "revoke"), {"reason": "dispute", "words": words}
        )

        shown = logged_in(make_member(role=role)).get(page(consent)).content.decode()

        assert "dispute" in shown
        assert ("Ana left the agency &lt;b&gt;at once" in shown) is reads
        assert kinds(consent.organisation_id).count("admin.action") == 1 + reads, (
            "each opening is logged"
        )

    def test_export_for_audit(self, make_member: MakeMember) -> None:
        client = logged_in(make_member(role=Role.AUDITOR))

        client.post(reverse("admin:provenance_export_audit"), {"reason": "yearly audit"})

        assert Export.objects.get().kind == "audit"


class TestLogin:
    def test_is_one_for_all_and_no_one_signs_up(
        self, client: Client, make_member: MakeMember
    ) -> None:
        member = make_member()
        assert client.get("/admin/").status_code == 302
        assert client.get("/admin/login/?next=/admin/")["Location"].startswith("/account/login/")
        assert "sign up" not in client.get("/account/login/").content.decode().lower()
        assert client.get("/account/signup/").status_code == 404

        client.post("/account/login/", {"login": member.email, "password": PASSWORD})

        assert client.get("/admin/").status_code == 200

    def test_asks_for_the_second_factor(self, client: Client, make_member: MakeMember) -> None:
        member = make_member()
        TOTP.activate(member, generate_totp_secret())

        answer = client.post("/account/login/", {"login": member.email, "password": PASSWORD})

        assert "/account/2fa/authenticate/" in answer["Location"]
        assert client.get("/admin/").status_code == 302

    def test_ended_access_stays_out(self, client: Client, make_member: MakeMember) -> None:
        member = make_member(role=Role.AUDITOR)
        Member.objects.filter(pk=member.pk).update(access_until=NOON.replace(year=2020))

        client.post("/account/login/", {"login": member.email, "password": PASSWORD})

        assert client.get("/admin/").status_code == 302
        client.force_login(member)
        assert client.get("/admin/consent/consent/").status_code in {302, 403}


class TestContentPolicy:
    def test_is_looser_for_the_admin_alone(self, client: Client, make_member: MakeMember) -> None:
        desk = logged_in(make_member()).get("/admin/")["Content-Security-Policy"]
        public = [
            client.get(path)["Content-Security-Policy"]
            for path in ("/", "/verify", "/account/login/")
        ]

        assert "'unsafe-eval'" in desk
        assert all("unsafe" not in policy for policy in public)
        assert all("default-src 'self'" in policy for policy in public)
