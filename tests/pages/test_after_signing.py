"""Behind the link after the answer: stopping in one step, the receipt, and the page of every
end.
"""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client

from consent import services
from consent.lifecycle import transitions
from consent.lifecycle.consent_requests import ConsentRequest
from consent.models import Consent
from core import clock, qr_codes
from tests.fixtures.consents import MakeRequest
from tests.support.signing_pages import path_of, sign, state_of, text_of

pytestmark = pytest.mark.django_db


class TestStopping:
    def test_takes_one_step_from_the_same_link(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        visitor.post(f"{path_of(asked)}/withdraw")
        assert state_of(asked) == "withdrawn"

    def test_works_long_after_the_link_could_be_signed_with(
        self, visitor: Client, make_request: MakeRequest
    ) -> None:
        old = make_request(at=clock.now() - timedelta(days=60))
        signed_at = clock.now() - timedelta(days=59)
        services.sign_as_test(
            old.consent.id, organisation_id=old.consent.organisation_id, actor="t", at=signed_at
        )
        visitor.post(f"{path_of(old)}/withdraw")
        assert state_of(old) == "withdrawn"

    def test_changes_nothing_the_second_time(self, visitor: Client, asked: ConsentRequest) -> None:
        sign(visitor, asked)
        visitor.post(f"{path_of(asked)}/withdraw")
        first = Consent.objects.get(id=asked.consent.id).revoked_at
        visitor.post(f"{path_of(asked)}/withdraw")
        assert Consent.objects.get(id=asked.consent.id).revoked_at == first

    def test_does_not_call_back_what_no_one_signed(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        visitor.post(f"{path_of(asked)}/withdraw")
        assert state_of(asked) == "requested"

    def test_needs_no_cookie(self, visitor: Client, asked: ConsentRequest) -> None:
        sign(visitor, asked)
        Client(enforce_csrf_checks=True).post(f"{path_of(asked)}/withdraw")
        assert state_of(asked) == "withdrawn"

    @pytest.mark.parametrize("move", ["withdraw", "decline"])
    def test_by_typing_its_address_shows_the_page_and_changes_nothing(
        self, visitor: Client, asked: ConsentRequest, move: str
    ) -> None:
        sign(visitor, asked)
        shown = visitor.get(f"{path_of(asked)}/{move}", follow=True)
        assert "You have signed" in text_of(shown)
        assert state_of(asked) == "active"


class TestTheReceipt:
    def test_is_given_to_who_signed(self, visitor: Client, asked: ConsentRequest) -> None:
        sign(visitor, asked)
        receipt = visitor.get(f"{path_of(asked)}/receipt.json")
        signed = Consent.objects.get(id=asked.consent.id)
        assert json.loads(receipt.content)["record_sha256"] == signed.record_sha256
        assert "attachment" in receipt["Content-Disposition"]

    def test_comes_as_a_document_too(self, visitor: Client, asked: ConsentRequest) -> None:
        sign(visitor, asked)
        assert visitor.get(f"{path_of(asked)}/receipt.pdf").content.startswith(b"%PDF-")

    @pytest.mark.parametrize("name", ["receipt.json", "receipt.pdf", "receipt.exe"])
    def test_exists_only_of_what_was_signed(
        self, visitor: Client, asked: ConsentRequest, name: str
    ) -> None:
        assert visitor.get(f"{path_of(asked)}/{name}").status_code == 404


class TestTheLink:
    def test_can_be_kept_by_copy_by_mail_and_by_a_picture(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        shown = visitor.get(path_of(asked)).content.decode()
        assert f'<code class="key">{asked.signing_url}</code>' in shown
        assert f"body={quote(str(asked.signing_url), safe='')}" in shown
        assert qr_codes.rows_to_svg_path(qr_codes.encode_qr_rows(str(asked.signing_url))) in shown

    def test_is_not_offered_before_there_is_something_to_come_back_to(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        declined = visitor.post(f"{path_of(asked)}/decline", follow=True).content.decode()
        assert "Keep your link" not in declined

    def test_left_out_of_the_address_leads_to_a_page_that_says_so(self, visitor: Client) -> None:
        answer = visitor.get("/sign")
        assert answer.status_code == 404
        assert "Open it again from the message that you received" in text_of(answer)


class TestEveryEnd:
    def test_signed_shows_fingerprint_next_steps_and_the_way_out(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        response = visitor.get(path_of(asked))
        fingerprint = Consent.objects.get(id=asked.consent.id).record_sha256[:12]
        for part in (
            "You have signed",
            fingerprint,
            "What happens next",
            "Withdraw my consent now",
        ):
            assert part in text_of(response)

    def test_declined(self, visitor: Client, asked: ConsentRequest) -> None:
        visitor.post(f"{path_of(asked)}/decline")
        assert "You said no" in text_of(visitor.get(path_of(asked)))

    def test_run_out_names_whom_to_ask(self, visitor: Client, make_request: MakeRequest) -> None:
        old = make_request(at=clock.now() - timedelta(days=14))
        response = visitor.get(path_of(old))
        assert "This link has run out" in text_of(response)
        assert "ask Acme for a new link" in text_of(response)
        assert "<form" not in response.content.decode()

    def test_withdrawn(self, visitor: Client, asked: ConsentRequest) -> None:
        sign(visitor, asked)
        visitor.post(f"{path_of(asked)}/withdraw")
        response = visitor.get(path_of(asked))
        assert "You have stopped it" in text_of(response)
        assert "<form" not in response.content.decode()

    def test_expired_shows_before_the_sweep_has_come_by(
        self, visitor: Client, make_request: MakeRequest
    ) -> None:
        old = make_request(at=clock.now() - timedelta(days=13), duration="P7D")
        signed_at = clock.now() - timedelta(days=12)
        services.sign_as_test(
            old.consent.id, organisation_id=old.consent.organisation_id, actor="t", at=signed_at
        )
        response = visitor.get(path_of(old))
        assert "This has ended on its date" in text_of(response)
        assert "<form" not in response.content.decode()

    def test_suspended_can_still_be_stopped(self, visitor: Client, asked: ConsentRequest) -> None:
        sign(visitor, asked)
        row = asked.consent
        transitions.suspend_consent(
            row.id,
            organisation_id=row.organisation_id,
            livemode=False,
            reason="dispute",
            actor="key:k",
            at=clock.now(),
        )
        text = text_of(visitor.get(path_of(asked)))
        assert "On hold" in text
        assert "Withdraw my consent now" in text

    @pytest.mark.parametrize(
        ("reason", "says", "never"),
        [
            ("requested_by_person", "You have stopped it", "Acme has ended this"),
            ("ordered_by_authority", "Declared invalid", "You have stopped it"),
            ("contract_ended", "Acme has ended this", "You have stopped it"),
            ("She was rude to us", "Acme has ended this", "You have stopped it"),
            ("", "Acme has ended this", "You have stopped it"),
        ],
    )
    def test_names_who_wanted_the_end_and_not_who_pressed_the_button(
        self, visitor: Client, asked: ConsentRequest, reason: str, says: str, never: str
    ) -> None:
        sign(visitor, asked)
        row = asked.consent
        transitions.withdraw_consent(
            row.id,
            organisation_id=row.organisation_id,
            livemode=False,
            reason=reason,
            actor="key:k",
            at=clock.now(),
        )
        text = text_of(visitor.get(path_of(asked)))
        assert says in text
        assert never not in text

    @pytest.mark.parametrize("token", ["x", "A" * 43, "a" * 5000, "%00", "ä"])
    def test_unknown_is_a_kind_page(self, visitor: Client, token: str) -> None:
        response = visitor.get(f"/sign/{token}")
        assert response.status_code == 404
        assert "We do not know this link" in text_of(response)

    def test_unknown_says_the_same_to_every_move(self, visitor: Client) -> None:
        assert {
            visitor.post(f"/sign/nothing{move}").status_code
            for move in ("", "/decline", "/withdraw")
        } == {404}
