"""Statements: brought by the API, kept under the person's key, erased and exported with them."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from consent.models import ProviderStatement
from consent.permits import Permit
from consent.provider_statements import NewStatement, add_statement
from consent.statement_release import open_statement
from tests.conftest import NOON
from tests.fixtures.consents import MakeConsent
from tests.support import export_scenario
from tests.support.logged_voices import bundle
from tests.voices.conftest import AUDIO, Http, MakeVoice, revoke
from vault import blobs, subject_keys
from vault.models import Blob

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

SPOKEN = (AUDIO / "librivox-austen-0870.wav").read_bytes()
MARKED_BY_NO_ONE = (AUDIO / "flite-slt.flac").read_bytes()


def bring(client: Http, consent_id: str, **changes: Any) -> Any:
    form = {
        "provider": "resemble",
        "language": "en",
        "name": "Agrees",
        "recording": SimpleUploadedFile("a.wav", SPOKEN),
    }
    return client.post(f"/v1/consents/{consent_id}/statements", form | changes)


class TestAStatement:
    def test_is_sealed_under_the_persons_key(self, client: Http, make_consent: MakeConsent) -> None:
        consent = make_consent()

        answer = bring(client, consent.id)

        assert (answer.status_code, answer.json()["name"]) == (201, "Agrees"), answer.content
        row = ProviderStatement.objects.get()
        blob = Blob.objects.get(id=row.blob)
        assert (blob.subject_id, blobs.get_blob(row.blob)) == (consent.speaker.subject, SPOKEN)
        events = client.get(f"/v1/consents/{consent.id}/events").json()["data"]
        (added,) = [one for one in events if one["type"] == "consent.statement_added"]
        assert row.sha256 in str(added)

    def test_is_taken_in_json_too(self, client: Http, make_consent: MakeConsent) -> None:
        body = {
            "provider": "resemble",
            "language": "en",
            "recording_base64": base64.b64encode(SPOKEN).decode(),
        }

        answer = client.post(f"/v1/consents/{make_consent().id}/statements", body, format="json")

        assert (answer.status_code, answer.json()["name"]) == (201, None)

    def test_is_listed_and_deleted(self, client: Http, make_consent: MakeConsent) -> None:
        consent = make_consent()
        made = bring(client, consent.id).json()["id"]
        path = f"/v1/consents/{consent.id}/statements"
        assert [one["id"] for one in client.get(path).json()["data"]] == [made]

        assert client.delete(f"/v1/statements/{made}").status_code == 200

        row = ProviderStatement.objects.get()
        assert (row.blob, row.sealed, client.get(path).json()["data"]) == ("", None, [])
        assert not Blob.objects.filter(kind="statement").exists()
        assert client.delete(f"/v1/statements/{made}").status_code == 404

    def test_of_an_ended_consent_is_refused(self, client: Http, make_consent: MakeConsent) -> None:
        consent = make_consent()
        revoke(consent.id, consent.organisation_id)

        answer = bring(client, consent.id)

        assert (answer.status_code, answer.json()["code"]) == (409, "consent_wrong_state")
        assert not Blob.objects.filter(kind="statement").exists()

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"provider": "nobody"}, "provider_unknown"),
            ({"language": "nowhere"}, "language_unknown"),
            ({"recording": SimpleUploadedFile("a.wav", b"none")}, "sample_unreadable"),
            ({"recording": SimpleUploadedFile("a.flac", MARKED_BY_NO_ONE)}, "sample_synthetic"),
            ({"recording": "a.wav"}, "invalid"),
            ({"more": "x"}, "unknown_field"),
        ],
    )
    def test_that_is_wrong_is_refused(
        self, client: Http, make_consent: MakeConsent, changes: dict[str, Any], code: str
    ) -> None:
        answer = bring(client, make_consent().id, **changes)

        codes = {error["code"] for error in answer.json()["errors"]}
        assert (answer.status_code, codes) == (422, {code}), answer.json()
        assert not ProviderStatement.objects.exists()


class TestItsRelease:
    def test_needs_a_permit_to_clone(self) -> None:
        permit = cast("Permit", SimpleNamespace(action="synthesize", consent_id="con_x"))

        with pytest.raises(ValueError, match="for a clone alone"):
            open_statement(permit, "resemble")


class TestAnErasedPerson:
    def test_leaves_no_recording(self, client: Http, make_consent: MakeConsent) -> None:
        consent = make_consent()
        bring(client, consent.id)
        subject = consent.speaker.subject
        with transaction.atomic():
            blobs.erase_blobs_of_subject(subject)
            subject_keys.destroy_key(subject, at=NOON)

        (shown,) = client.get(f"/v1/consents/{consent.id}/statements").json()["data"]

        assert shown["name"] is None
        assert not Blob.objects.filter(kind="statement").exists()


@pytest.mark.django_db(transaction=True)
class TestTheOwnCopy:
    def test_holds_the_recording_and_the_audit_does_not(
        self, make_voice: MakeVoice, tmp_path: Path
    ) -> None:
        voice = make_voice()
        row = add_statement(
            voice.consent_id,
            NewStatement(provider="resemble", language="en", recording=SPOKEN, name="Agrees"),
            organisation_id=voice.organisation_id,
            livemode=voice.livemode,
            actor="system:test",
            at=NOON,
        )

        own = bundle(voice.organisation, kind="speaker", speaker_id=voice.speaker_id)
        audit = bundle(voice.organisation)

        name = f"files/statements/{row.id}"
        members = export_scenario.members(own)
        assert members[name] == SPOKEN
        assert b"Agrees" in b"".join(members.values())
        assert not any("statements" in one for one in export_scenario.members(audit))
        for kind, data in (("own", own), ("audit", audit)):
            (tmp_path / f"{kind}.zip").write_bytes(data)
            assert export_scenario.verify(tmp_path / f"{kind}.zip").code == 3
