"""Receipts say what was signed, whatever the rows say today; a correction stands beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Organisation
from consent import consent_receipts, speaker_history, speakers
from consent.documents import plain_language
from consent.lifecycle import link_sender
from consent.models import Consent, Correction, Speaker
from consent.policy.state_machine import ConsentState
from core import clock
from tests.core.test_pdf_paper import text_of
from tests.support.consent_api import asked, fetch, signed
from tests.support.link_signing import sign
from tests.support.smtp_server import MailServer
from vault.errors import Tampered

pytestmark = pytest.mark.django_db
Draw = Callable[[str], str]


@pytest.fixture
def words_of() -> Draw:
    """All lines of a receipt, before they are drawn."""

    def read(consent_id: str) -> str:
        consent = Consent.objects.get(id=consent_id)
        return "\n".join(
            map(str, consent_receipts._receipt_blocks(consent, ConsentState(consent.state)))
        )

    return read


def patch(api: APIClient, speaker: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = api.patch(f"/v1/speakers/{speaker}", body, format="json")
    return answer.status_code, json.loads(answer.content)


class TestASignedPerson:
    @pytest.mark.parametrize(
        "change",
        [
            {"name": "Morgan Other"},
            {"email": "other@example.org"},
            {"country": "FR"},
            {"phone": "+4930123456"},
        ],
    )
    def test_is_not_renamed_without_a_correction(
        self, sandbox: APIClient, change: dict[str, str]
    ) -> None:
        made = signed(sandbox)
        before = fetch(sandbox, f"/v1/speakers/{made['speaker']}")
        status, told = patch(sandbox, made["speaker"], change)
        assert (status, told["code"], told["fields"]) == (409, "correction_needed", list(change))
        assert fetch(sandbox, f"/v1/speakers/{made['speaker']}") == before

    def test_keeps_free_what_no_one_signed_under(self, sandbox: APIClient) -> None:
        made = signed(sandbox)
        assert patch(sandbox, made["speaker"], {"locale": "de", "metadata": {"a": "b"}})[0] == 200

    def test_may_be_sent_again_with_the_same_values(self, sandbox: APIClient) -> None:
        made = signed(sandbox)
        known = fetch(sandbox, f"/v1/speakers/{made['speaker']}")
        assert (
            patch(sandbox, made["speaker"], {"name": known["name"], "email": known["email"]})[0]
            == 200
        )

    def test_is_corrected_with_a_reason_and_the_old_name_is_kept(self, sandbox: APIClient) -> None:
        made = signed(sandbox)
        body = {"name": "Ana Ruiz", "correction": {"reason": "She married."}}
        assert patch(sandbox, made["speaker"], body)[0] == 200
        row = Correction.objects.get()
        assert b"Ana" not in bytes(row.sealed or b"")
        (kept,) = speaker_history.list_corrections(Speaker.objects.get())
        assert (kept.before, kept.after) == ({"name": "Ana María Gómez"}, {"name": "Ana Ruiz"})
        assert kept.reason == "She married."

    @pytest.mark.parametrize(
        "correction", [{}, {"reason": ""}, {"reason": None}, "because", {"why": "x"}]
    )
    def test_is_not_corrected_without_a_reason(
        self, sandbox: APIClient, correction: object
    ) -> None:
        made = signed(sandbox)
        assert (
            patch(sandbox, made["speaker"], {"name": "Ana Ruiz", "correction": correction})[0]
            == 422
        )


class TestAReceipt:
    def test_names_who_signed_beside_the_correction(
        self, sandbox: APIClient, words_of: Draw
    ) -> None:
        made = signed(sandbox)
        patch(
            sandbox, made["speaker"], {"name": "Morgan Other", "correction": {"reason": "A slip."}}
        )
        lines = words_of(made["id"]).splitlines()
        assert any("Person" in line and "Ana María Gómez" in line for line in lines)
        assert any("Corrected on" in line and "Morgan Other" in line for line in lines)
        told = fetch(sandbox, f"/v1/consents/{made['id']}/receipt.json")["person"]
        assert told["signed_name"] == "Ana María Gómez"
        assert told["corrections"][0]["after"] == {"name": "Morgan Other"}

    def test_names_the_organisation_that_asked_then(
        self, sandbox: APIClient, organisation: Organisation, words_of: Draw
    ) -> None:
        made = signed(sandbox)
        organisation.name = "Somebody Else Ltd"
        organisation.contact = {"contact": "elsewhere@example.com"}
        organisation.save()
        text = words_of(made["id"])
        assert ("Acme" in text, "Somebody Else" in text) == (True, False)
        assert ("rights@acme.example" in text, "elsewhere" in text) == (True, False)

    def test_follows_no_row_that_was_changed_behind_the_code(
        self, sandbox: APIClient, words_of: Draw
    ) -> None:
        made = signed(sandbox)
        row = Speaker.objects.get()
        forged = speakers.Personal(name="Morgan Other", email="x@example.org")
        Speaker.objects.update(sealed=speakers._seal_personal(row.subject, forged))
        assert "Morgan" not in words_of(made["id"])

    def test_is_refused_when_the_evidence_was_exchanged(
        self, sandbox: APIClient, monkeypatch: Any
    ) -> None:
        made = signed(sandbox)
        monkeypatch.setattr(
            "vault.blobs.get_blob", lambda _blob: b'{"person":{"name":"Morgan Other"}}'
        )
        with pytest.raises(Tampered):
            consent_receipts.receipt_to_pdf(Consent.objects.get(id=made["id"]))

    @pytest.mark.parametrize("locale", ["en", "de"])
    def test_has_the_typed_name_the_answer_about_advice_and_a_way_back_for_the_person_alone(
        self, sandbox: APIClient, words_of: Draw, locale: str
    ) -> None:
        made = asked(sandbox, locale=locale)
        link = str(made["signing_url"])
        assert sign(link, made, name="ana  MARÍA gómez") in {200, 303}
        consent = Consent.objects.get(id=made["id"])
        told = plain_language.load_words(locale)["receipt"]

        for_the_asker = words_of(made["id"])
        for_the_person = str(
            list(consent_receipts._receipt_blocks(consent, ConsentState(consent.state), link))
        )

        assert "ana  MARÍA gómez" in for_the_asker
        assert told["advices"]["none"] in for_the_asker
        assert (link in for_the_asker, told["link"] in for_the_asker) == (False, False)
        assert f"address='{link}'" in for_the_person
        assert told["link_hint"] in for_the_person

    def test_shows_the_link_to_the_person_and_in_no_answer_of_the_api(
        self, sandbox: APIClient, client: Client, tmp_path: Path
    ) -> None:
        made = asked(sandbox)
        link = str(made["signing_url"])
        sign(link, made)
        path = "/sign/" + link.rpartition("/")[2]
        own = text_of(client.get(f"{path}/receipt.pdf").content, tmp_path)
        assert re.search(r"Signed on:\s+\d{1,2} \w+ 20\d\d, \d\d:\d\d UTC", own), (
            "an hour without its zone is no time"
        )
        assert link in own.replace("\n", "")
        theirs = sandbox.get(f"/v1/consents/{made['id']}/receipt.pdf").content
        assert link.rpartition("/")[2] not in text_of(theirs, tmp_path).replace("\n", "")

    def test_says_of_what_level_it_is_and_how_the_link_came(
        self, live: APIClient, words_of: Draw
    ) -> None:
        made = signed_through_the_asker(live)
        text = words_of(made["id"])
        assert "L0" in text
        assert "proves no mailbox" in text

    @pytest.mark.parametrize("locale", ["en", "de"])
    def test_of_test_data_says_that_nothing_proves_who_signed(
        self, sandbox: APIClient, words_of: Draw, locale: str
    ) -> None:
        by_link = asked(sandbox, locale=locale)
        sign(str(by_link["signing_url"]), by_link)
        told = plain_language.load_words(locale)["receipt"]

        for made in (by_link, signed(sandbox, locale=locale)):
            text = words_of(made["id"])
            assert told["levels"]["L1"] not in text
            assert told["levels_by_method"]["test_route"].format(level="L1") in text

    def test_says_that_only_the_person_had_the_link_where_we_sent_it(
        self, live: APIClient, post_office: MailServer, words_of: Draw
    ) -> None:
        made = asked(live)
        link_sender.send_pending(now=clock.now)
        sign(post_office.link(), made)
        assert plain_language.load_words("en")["receipt"]["levels"]["L1"] in words_of(made["id"])


def signed_through_the_asker(live: APIClient) -> dict[str, Any]:
    """A live consent of level L0."""
    made = asked(live, delivery={"channel": "controller"})
    assert sign(made["signing_url"], made) == 303
    return made
