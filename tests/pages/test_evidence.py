"""The evidence of a signature is the page as it was served; a page that is not the one of now is
shown again.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts import contact_details
from accounts.models import Organisation
from consent import speaker_erasure
from consent.lifecycle import signing_links
from consent.lifecycle.consent_requests import ConsentRequest
from consent.models import Consent, ErasedLink, Evidence
from consent.signing import page_snapshots
from core import clock
from tests.fixtures.consents import AUDIOBOOKS, MakeRequest
from tests.support.signing_pages import answer, grants_of, page_of, path_of, sign, state_of, text_of
from vault import blobs

pytestmark = pytest.mark.django_db


def evidence_of(asked: ConsentRequest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        blobs.get_blob(Evidence.objects.get(consent=asked.consent, kind="page").blob)
    )
    return found


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Move the clock that pages read."""
    moved: datetime = clock.now() + timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: moved)


class TestTheEvidence:
    def test_is_what_was_served_to_the_byte_ten_days_before(
        self, visitor: Client, asked: ConsentRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        served = visitor.get(path_of(asked)).content.decode()
        filled = {**page_of(visitor, asked), **answer(*grants_of(asked))}
        later(monkeypatch, 10)
        visitor.post(path_of(asked), filled)
        assert evidence_of(asked)["page"] == served

    @pytest.mark.parametrize("language", ["de", "ja", "ar,en;q=0.5", ""])
    def test_is_the_same_in_whatever_language_the_browser_reads(
        self, visitor: Client, asked: ConsentRequest, language: str
    ) -> None:
        plain = visitor.get(path_of(asked)).content
        assert visitor.get(path_of(asked), HTTP_ACCEPT_LANGUAGE=language).content == plain

    def test_holds_warnings_uses_organisation_and_contact(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        kept = evidence_of(asked)
        assert kept["organisation"] == "Acme"
        assert (kept["contact"], kept["data_protection_officer"]) == (
            "voices@acme.example",
            "dpo@acme.example",
        )
        assert kept["grants"][0]["intended_uses"] in kept["page"]
        assert all(
            warning in kept["page"] for grant in kept["grants"] for warning in grant["warnings"]
        )
        assert kept["page_sha256"] in kept["page"]

    def test_can_be_hashed_again_from_what_is_kept(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        kept = evidence_of(asked)
        again = page_snapshots.take_snapshot(
            kept["page"].replace(kept["page_sha256"], page_snapshots.get_blank_hash())
        )
        assert again.sha256 == kept["page_sha256"]


class TestAnotherPage:
    @pytest.mark.parametrize("sent", ["", "0" * 64, "f" * 64, "ä", "F" * 10_000])
    def test_is_shown_again_and_signs_nothing(
        self, visitor: Client, asked: ConsentRequest, sent: str
    ) -> None:
        response = visitor.post(path_of(asked), {**answer(*grants_of(asked)), "page_sha256": sent})
        assert response.status_code == 422
        assert "The request has changed since you opened it" in text_of(response)
        assert state_of(asked) == "requested"

    def test_of_another_request_signs_nothing(
        self, visitor: Client, asked: ConsentRequest, make_request: MakeRequest
    ) -> None:
        other = page_of(visitor, make_request(at=clock.now()))
        assert (
            visitor.post(path_of(asked), {**answer(*grants_of(asked)), **other}).status_code == 422
        )
        assert state_of(asked) == "requested"

    @pytest.mark.parametrize("changed", ["name", "contact", "dpo", "speaker"])
    def test_was_read_before_something_changed(
        self, visitor: Client, asked: ConsentRequest, changed: str
    ) -> None:
        filled = {**page_of(visitor, asked), **answer(*grants_of(asked))}
        organisation = asked.consent.organisation
        if changed == "name":
            Organisation.objects.filter(pk=organisation.pk).update(name="Acme Narrow")
        elif changed == "speaker":
            consent = Consent.objects.get(pk=asked.consent.pk)
            consent.grants.order_by("position")[0].delete()
        else:
            contact_details.change_contact(
                organisation.id, {changed: "new@acme.example"}, actor="key:k", at=clock.now()
            )
        assert visitor.post(path_of(asked), filled).status_code == 422
        assert state_of(asked) == "requested"

    def test_can_be_signed_after_reading_it_once_more(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        shown = visitor.post(
            path_of(asked), {**answer(*grants_of(asked)), "page_sha256": "f" * 64}
        ).content.decode()
        found = re.search(r'name="page_sha256" value="([0-9a-f]{64})"', shown)
        assert found
        visitor.post(path_of(asked), {**answer(*grants_of(asked)), "page_sha256": found[1]})
        assert state_of(asked) == "active"


class TestWhatThePageSays:
    @pytest.mark.parametrize(
        ("term", "says"),
        [
            ({"duration": "P1Y"}, "12 months from the moment you sign."),
            ({"duration": "P1M"}, "1 month from the moment you sign."),
            ({"duration": "P1M10DT2H"}, "1 month, 10 days and 2 hours from the moment you sign."),
            ({"duration": "PT36H"}, "1 day and 12 hours from the moment you sign."),
        ],
    )
    def test_of_a_term_does_not_move(
        self,
        visitor: Client,
        make_request: MakeRequest,
        monkeypatch: pytest.MonkeyPatch,
        term: dict[str, Any],
        says: str,
    ) -> None:
        asked = make_request(at=clock.now(), **term)
        before = visitor.get(path_of(asked)).content
        later(monkeypatch, 10)
        assert says in text_of(visitor.get(path_of(asked)))
        assert visitor.get(path_of(asked)).content == before

    def test_of_the_last_day_has_an_hour_and_a_zone(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        text = text_of(visitor.get(path_of(asked)))
        assert re.search(r"Decide by \d{1,2} \w+ 20\d\d, \d\d:\d\d UTC", text)

    def test_of_contact_names_the_officer_too(self, visitor: Client, asked: ConsentRequest) -> None:
        for page in (
            visitor.get(path_of(asked)),
            sign(visitor, asked),
            visitor.get(path_of(asked)),
        ):
            if page.status_code == 200:
                assert "voices@acme.example" in text_of(page)
                assert "Data protection officer: dpo@acme.example" in text_of(page)

    def test_of_a_higher_level_comes_first_and_asks_for_nothing(
        self, visitor: Client, make_request: MakeRequest
    ) -> None:
        asked = make_request(at=clock.now(), assurance="L2")
        page = visitor.get(path_of(asked)).content.decode()
        assert page.index("You cannot sign on this page") < page.index("In short")
        assert 'name="ticked"' not in page
        assert 'name="name_typed"' not in page
        assert "I say no" in page

    def test_after_signing_has_the_limits_and_the_uses(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        text = text_of(visitor.get(path_of(asked)))
        for part in ("You agreed to", "Languages:", "At most", "The Lighthouse"):
            assert part in text

    def test_after_withdrawing_says_had_agreed(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        visitor.post(f"{path_of(asked)}/withdraw")
        assert "You had agreed to" in text_of(visitor.get(path_of(asked)))

    def test_of_not_me_has_an_end_of_its_own(self, visitor: Client, asked: ConsentRequest) -> None:
        shown = visitor.post(f"{path_of(asked)}/decline", {"reason": "not_me"}, follow=True)
        text = text_of(shown)
        assert "Thank you for telling us" in text
        for untrue in ("has been told", "You said no", "Ada"):
            assert untrue not in text


class TestTheErased:
    def test_find_their_own_page(self, visitor: Client, make_request: MakeRequest) -> None:
        asked = make_request(at=clock.now(), grants=(AUDIOBOOKS,))
        sign(visitor, asked)
        erase(asked)
        for response in (
            visitor.get(path_of(asked)),
            visitor.post(f"{path_of(asked)}/withdraw"),
            visitor.post(path_of(asked), answer()),
        ):
            text = text_of(response)
            assert response.status_code == 200
            assert "You have been erased" in text
            assert "voices@acme.example" in text
            for gone in ("Ada", "Lighthouse", asked.consent.id):
                assert gone not in text
        assert visitor.get(f"{path_of(asked)}/receipt.json").status_code == 404

    def test_leave_a_hash_that_leads_to_no_one(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        erase(asked)
        row = ErasedLink.objects.get()
        kept = {field.name for field in ErasedLink._meta.get_fields()}
        assert kept == {"link_sha256", "organisation", "livemode", "locale"}
        assert row.link_sha256 == signing_links.hash_link_token(path_of(asked).rpartition("/")[2])


def erase(asked: ConsentRequest) -> None:
    speaker = asked.consent.speaker_id
    speaker_erasure.freeze_speaker(speaker, reason="requested", actor="key:k", at=clock.now())
    with transaction.atomic():
        speaker_erasure.erase_speaker(speaker, at=clock.now())
