"""How a letter is handed over: retried, given up, never twice at once, and with nothing smuggled
in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Organisation
from config import env
from consent.lifecycle import link_deliveries, link_sender
from consent.models import Consent, Delivery
from core import ids, leases
from core.delivery import letters, mail, messages
from core.delivery.letters import ChannelUnavailable, Letter, LetterRefused
from tests.conftest import NOON
from tests.support.attestor_servers import Asked, Reply, outsider
from tests.support.consent_api import ANA, asked, fetch, post
from tests.support.smtp_server import MailServer
from transparency_log.models import Outbox

pytestmark = pytest.mark.both_databases

LETTER = Letter(
    to="ana@example.org", subject="Hello", text="Line one.\nLine two.", reference="dlv_a"
)


def at(moment: datetime) -> Any:
    return lambda: moment


class Gateway:
    """A place that takes messages, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.reply = Reply(status=202, body=b'{"id": "m-1"}')

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self.reply

    @property
    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.asked[-1].body)
        return found


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    """Messages are a channel, with names and credentials of its own."""
    found = Gateway()
    with outsider(found) as url:
        settings.SAYSO_MESSAGES = messages.Gateway(
            url=f"{url}/v2/send?region=eu", to="recipient", text="content", sender="from",
            sender_value="Sayso", authorization="Bearer s3cret",
        )  # fmt: skip
        yield found


class TestAMessage:
    def test_uses_the_names_and_credentials_of_the_settings(self, gateway: Gateway) -> None:
        accepted = messages.send_message(LETTER)
        assert gateway.last == {"recipient": LETTER.to, "content": LETTER.text, "from": "Sayso"}
        assert gateway.asked[0].path == "/v2/send?region=eu"
        assert gateway.asked[0].headers["authorization"] == "Bearer s3cret"
        assert (accepted.status, accepted.answer) == (202, '{"id": "m-1"}')

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_follows_no_redirect(self, gateway: Gateway, status: int) -> None:
        with outsider(gateway) as elsewhere:
            gateway.reply = Reply(status=status, headers={"Location": elsewhere})
            with pytest.raises(ChannelUnavailable):
                messages.send_message(LETTER)
        assert len(gateway.asked) == 1

    @pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503])
    def test_that_is_not_taken_now_is_tried_again(self, gateway: Gateway, status: int) -> None:
        gateway.reply = Reply(status=status)
        with pytest.raises(ChannelUnavailable):
            messages.send_message(LETTER)

    @pytest.mark.parametrize("status", [400, 410, 422])
    def test_that_is_refused_is_not(self, gateway: Gateway, status: int) -> None:
        gateway.reply = Reply(status=status)
        with pytest.raises(LetterRefused):
            messages.send_message(LETTER)

    def test_reads_no_answer_without_end(self, gateway: Gateway) -> None:
        gateway.reply = Reply(status=200, body=b"x" * (messages.MOST + 1))
        with pytest.raises(ChannelUnavailable):
            messages.send_message(LETTER)

    def test_wants_https_outside_of_development(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SAYSO_MESSAGES_URL", "http://sms.example.org/send")
        with pytest.raises(env.BadSetting):
            env.read_url("SAYSO_MESSAGES_URL", schemes=("https",))

    @pytest.mark.django_db
    def test_carries_a_live_link(self, live: APIClient, gateway: Gateway) -> None:
        made = asked(live)
        assert made["delivery"]["channel"] == "message"
        assert link_sender.send_pending(now=at(NOON)) == 1
        assert (gateway.last["recipient"], "/sign/" in gateway.last["content"]) == (
            ANA["email"],
            True,
        )

    @pytest.mark.django_db
    def test_to_a_phone_wants_a_number(
        self, live: APIClient, gateway: Gateway, settings: Settings
    ) -> None:
        settings.SAYSO_MESSAGES = messages.Gateway(url=settings.SAYSO_MESSAGES.url, wants="phone")
        speaker = post(live, "/v1/speakers", ANA, 201)["id"]
        body = {"speaker": speaker, "duration": "P1Y", "grants": [_grant()]}
        assert post(live, "/v1/consents", body, 422)["errors"][0]["code"] == "address_missing"
        live.patch(f"/v1/speakers/{speaker}", {"phone": "+4930123456"}, format="json")
        made = post(live, "/v1/consents", body, 201)
        assert made["delivery"]["masked_address"] == "+49***56"


class TestMail:
    @pytest.mark.parametrize("reply", ["550 no such person", "553 not allowed"])
    def test_that_is_refused_for_good_is_not_tried_again(
        self, post_office: MailServer, reply: str
    ) -> None:
        post_office.to_recipient = reply
        with pytest.raises(LetterRefused):
            mail.send_mail(LETTER)

    @pytest.mark.parametrize("reply", ["450 greylisted", "421 too busy"])
    def test_that_may_be_taken_later_is_tried_again(
        self, post_office: MailServer, reply: str
    ) -> None:
        post_office.to_recipient = reply
        with pytest.raises(ChannelUnavailable):
            mail.send_mail(LETTER)

    def test_to_a_server_that_is_away_is_tried_again(
        self, post_office: MailServer, settings: Settings
    ) -> None:
        settings.EMAIL_PORT = 1
        with pytest.raises(ChannelUnavailable):
            mail.send_mail(LETTER)

    @pytest.mark.parametrize(
        "name", ["Acme\r\nBcc: thief@example.net", "Acme\nX: y", "Acme\x01\x0b", "Acme\u2028Bcc: z"]
    )
    @pytest.mark.django_db
    def test_takes_no_header_from_a_name(
        self, live: APIClient, organisation: Organisation, post_office: MailServer, name: str
    ) -> None:
        Organisation.objects.update(name=name)
        asked(live)
        assert link_sender.send_pending(now=at(NOON)) == 1
        (letter,) = post_office.letters
        assert set(letter.keys()) == {
            "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To",
            "Date", "Message-ID", "Auto-Submitted",
        }  # fmt: skip
        assert post_office.recipients == [ANA["email"]]

    def test_keeps_a_name_as_its_script_spells_it(self) -> None:
        assert letters.to_one_line("علی\u200cرضا\u3000\u202eنمونه\n") == "علی\u200cرضا نمونه"

    @pytest.mark.parametrize(("locale", "word"), [("en", "asks whether"), ("de", "Einwilligung")])
    @pytest.mark.django_db
    def test_speaks_the_language_of_the_request(
        self, live: APIClient, post_office: MailServer, locale: str, word: str
    ) -> None:
        asked(live, locale=locale)
        link_sender.send_pending(now=at(NOON))
        whole = str(post_office.letters[0]["Subject"]) + post_office.text()
        assert all(part in whole for part in (word, "Acme", "rights@acme.example"))
        assert "<" not in post_office.text()


@pytest.mark.django_db
class TestADelivery:
    def test_is_tried_again_with_growing_pauses(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made, moment = asked(live), NOON
        post_office.to_letter = "451 try later"
        pauses = []
        for _ in range(3):
            assert link_sender.send_pending(now=at(moment)) == 0
            due = Delivery.objects.get(consent_id=made["id"]).due_at
            assert due is not None
            pauses.append((due - moment).total_seconds())
            moment = due
        assert pauses == [15, 30, 60]
        post_office.to_letter = "250 at last"
        assert link_sender.send_pending(now=at(moment)) == 1

    def test_is_given_up_after_ten_attempts_and_says_why(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made, moment = asked(live), NOON
        post_office.to_letter = "451 try later"
        for _ in range(link_sender.MOST_ATTEMPTS):
            link_sender.send_pending(now=at(moment))
            moment += timedelta(hours=2)
        told = fetch(live, f"/v1/consents/{made['id']}")["delivery"]
        assert (told["state"], told["code"]) == ("failed", "channel_away")
        post_office.to_letter = "250 taken"
        assert (
            post(live, f"/v1/consents/{made['id']}/resend", {}, 200)["delivery"]["state"]
            == "queued"
        )
        assert link_sender.send_pending(now=at(NOON)) == 1

    def test_made_in_the_moment_of_the_last_one_is_still_the_newer(
        self, live: APIClient, post_office: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # One after the other in time, and the other way round as text: `2` follows `z` in the
        # alphabet of ids.
        older, newer = (f"dlv_{'a' * 24}{last}a" for last in "z2")
        named, new = iter((older, newer)), ids.new
        monkeypatch.setattr(
            ids, "new", lambda prefix: next(named) if prefix == "dlv" else new(prefix)
        )
        made = asked(live)
        post_office.to_letter = "554 not here"
        assert link_sender.send_pending(now=at(NOON)) == 0
        post(live, f"/v1/consents/{made['id']}/resend", {}, 200)

        assert Delivery.objects.values_list("created_at").distinct().count() == 1
        last = link_deliveries.get_latest_delivery(Consent.objects.get())
        assert (last is not None and last.id, newer < older) == (newer, True)

    def test_in_hand_is_left_alone_until_its_lease_runs_out(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        asked(live)
        Delivery.objects.update(lease_until=NOON + leases.LEASE, attempt=1)
        assert link_sender.send_pending(now=at(NOON + leases.LEASE - timedelta(seconds=1))) == 0
        assert link_sender.send_pending(now=at(NOON + leases.LEASE)) == 1

    def test_of_a_request_that_was_called_back_is_not_sent(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = asked(live)
        post(live, f"/v1/consents/{made['id']}/revoke", {}, 200)
        assert (link_sender.send_pending(now=at(NOON)), post_office.raw) == (0, [])
        assert Delivery.objects.get().code == "request_over"

    def test_is_logged_before_and_after_without_the_address(
        self, live: APIClient, post_office: MailServer, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asked(live)
        link_sender.send_pending(now=at(NOON))
        kinds = [json.loads(bytes(row.payload))["t"] for row in Outbox.objects.order_by("id")]
        assert kinds[-2:] == ["delivery.started", "delivery.sent"]
        printed = "".join(capsys.readouterr())
        assert not any(secret in printed for secret in (ANA["email"], ANA["name"], "/sign/"))

    @pytest.mark.parametrize(
        "change",
        [
            {"state": "queued", "settled_at": None},
            {"code": "x"},
            {"channel": "controller"},
            {"sealed": b"x"},
        ],
    )
    def test_that_was_settled_stays_as_it_is(
        self, live: APIClient, post_office: MailServer, change: dict[str, Any]
    ) -> None:
        asked(live)
        link_sender.send_pending(now=at(NOON))
        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.update(**change)

    def test_cannot_be_called_sent_without_a_proof(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        asked(live)
        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.update(state="sent", settled_at=NOON)
        assert Consent.objects.get().state == "requested"


class TestTheSetting:
    @pytest.mark.parametrize(
        "value", ["http://x", "smtp://", "smtp+plain://mail.example.org", "smtp://h:port"]
    )
    def test_of_the_mail_server_is_refused_when_it_cannot_be_used(
        self, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv("SAYSO_EMAIL_URL", value)
        with pytest.raises(env.BadSetting):
            env.read_mail_server("SAYSO_EMAIL_URL", plain_anywhere=False)

    def test_of_the_mail_server_is_read_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SAYSO_EMAIL_URL", "smtps://us%40er:p%2Fw@mail.example.org")
        found = env.read_mail_server("SAYSO_EMAIL_URL", plain_anywhere=False)
        assert found is not None
        assert (found.user, found.password, found.port, found.tls_at_once) == (
            "us@er",
            "p/w",
            465,
            True,
        )
        assert "p/w" not in repr(found)

    @pytest.mark.parametrize("value", ["nobody", "a@b\r\nBcc: c@d", "@x"])
    def test_of_the_sender_is_one_address(
        self, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv("SAYSO_EMAIL_FROM", value)
        with pytest.raises(env.BadSetting):
            env.read_mailbox("SAYSO_EMAIL_FROM", "x@example.org")


def _grant() -> dict[str, Any]:
    return {
        "use_case": "entertainment.audiobook",
        "intended_uses": "Narration of the novel X, unabridged.", "actions": ["synthesize"],
        "languages": ["en"],
    }  # fmt: skip
