"""Every way in which a consent can end, seen by strangers: in the bundle, by `POST /v1/verify` and
on `/verify`.
"""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Organisation
from provenance import verdict_text
from tests.conftest import NOON
from tests.provenance.exports.conftest import Check
from tests.support import consent_factories, export_scenario
from tests.support.catalogs import translate
from tests.support.export_scenario import Story
from transparency_log import proofs

SPEAKER, KEY, MEMBER = "speaker:spk_aaaaaaaaaaaaaaaaaaaaaaaaaa", "key:k", "member:m"
ENDS = [
    (SPEAKER, "requested_by_person", "withdrawn", "person"),
    (KEY, "requested_by_person", "withdrawn", "person"),
    (MEMBER, "requested_by_person", "withdrawn", "person"),
    (KEY, "contract_ended", "terminated", "organisation"),
    (MEMBER, "She was rude to us", "terminated", "organisation"),
    (KEY, "", "terminated", "organisation"),
    (KEY, "ordered_by_authority", "invalidated", "authority"),
    (MEMBER, "ordered_by_authority", "invalidated", "authority"),
]
IN_WORDS = {
    "withdrawn": {"en": "withdrawn by the person", "de": "vom Menschen widerrufen"},
    "terminated": {"en": "ended", "de": "beendet"},
    "invalidated": {"en": "ended: declared invalid", "de": "beendet: für ungültig erklärt"},
}
"""Only what the person wanted is told as theirs."""

every_end = pytest.mark.parametrize(("actor", "reason", "state", "by"), ENDS)


def upload() -> dict[str, Any]:
    """The bytes of the story's first clip, as anyone may hold them."""
    return {"file": SimpleUploadedFile("clip.wav", b"audio 0")}


def end(told: Story, actor: str, reason: str) -> None:
    consent_factories.revoke(
        told.consent, actor=actor, reason=reason, at=NOON + timedelta(minutes=30)
    )


@pytest.mark.django_db(transaction=True)
@every_end
class TestTheBundle:
    def test_is_accepted_with_an_end_by(
        self, told: Story, check: Check, actor: str, reason: str, state: str, by: str
    ) -> None:
        end(told, actor, reason)

        data = export_scenario.bundle(told.organisation, at=NOON + timedelta(hours=1))
        (consent,) = export_scenario.rows(export_scenario.members(data), "tables/consents.jsonl")
        *_, event = proofs.list_history(told.organisation.id, told.consent.id, kinds="consent.")
        assert (consent["state"], event.kind, event.by) == (state, "consent.revoked", by)
        # 3: everything agrees, and no one vouched for the keys here.
        assert check(data).code == 3


@pytest.mark.django_db
class TestVerify:
    @pytest.mark.parametrize(("actor", "reason", "state"), [end[:3] for end in ENDS])
    def test_tells_the_public_what_the_state_says(
        self, acme: Organisation, actor: str, reason: str, state: str
    ) -> None:
        end(export_scenario.tell(acme), actor, reason)

        said = Client().post("/v1/verify", upload()).json()
        assert (said["verdict"], said["clip"]["consent_state"]) == ("issued_withdrawn", state)

    @pytest.mark.parametrize("language", ["en", "de"])
    @every_end
    def test_says_on_its_page_that_the_person_did_it_only_when_they_did(
        self, acme: Organisation, actor: str, reason: str, state: str, by: str, language: str
    ) -> None:
        end(export_scenario.tell(acme), actor, reason)

        page = html.unescape(Client().post(f"/verify?lang={language}", upload()).content.decode())
        assert f"<dd>{IN_WORDS[state][language]} (" in page
        assert (IN_WORDS["withdrawn"][language] in page) is (by == "person")
        assert translate(verdict_text.FINDINGS["issued_withdrawn"].title, language) in page
