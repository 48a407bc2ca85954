"""A live request: the link goes to the person by a channel of ours, and to no one else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from consent import services
from consent.lifecycle import link_sender, signing_links
from consent.models import Consent, Evidence
from tests.conftest import NOON
from tests.support.consent_api import ANA, asked, fetch, post
from tests.support.consent_factories import AUDIOBOOK
from tests.support.link_signing import sign
from tests.support.smtp_server import TAKEN, MailServer
from vault import blobs

pytestmark = pytest.mark.django_db


def now() -> Any:
    return NOON


def sent(live: APIClient, **changes: Any) -> dict[str, Any]:
    """A live request whose link has left."""
    made = asked(live, **changes)
    assert link_sender.send_pending(now=now) == 1
    return made


def warned(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Codes and fields of the warnings, without those of the words of the grants."""
    return [
        (one["code"], one["attr"])
        for one in answer["warnings"]
        if not one["attr"].startswith("grants.")
    ]


def record_of(live: APIClient, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(Consent.objects.get(id=made["id"]).record or b""))
    return found


class TestLiveRequests:
    def test_show_a_link_for_the_controller_once_and_no_retry_again(self, live: APIClient) -> None:
        person = post(live, "/v1/speakers", ANA, 201)["id"]
        wanted = {
            "speaker": person, "grants": [AUDIOBOOK], "duration": "P1Y",
            "delivery": {"channel": "controller"},
        }  # fmt: skip
        headers: dict[str, Any] = {"HTTP_IDEMPOTENCY_KEY": "once"}
        first, again = (
            live.post("/v1/consents", wanted, format="json", **headers) for _ in range(2)
        )

        assert first.status_code == 201, first.content
        assert (again.status_code, json.loads(again.content)["code"]) == (409, "idempotency_secret")
        assert json.loads(first.content)["signing_url"] not in again.content.decode()

    def test_never_show_the_link_in_any_answer(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = sent(live, external_id="9")
        token = post_office.link().rpartition("/")[2]
        path = f"/v1/consents/{made['id']}"
        answers = [
            live.get(path),
            live.get("/v1/consents"),
            live.get(f"{path}/events"),
            live.get("/v1/speakers"),
        ]
        answers += [
            live.post(f"{path}/{act}", {}, format="json")
            for act in ("resend", "suspend", "renew", "revoke")
        ]
        assert "signing_url" not in made
        for answer in answers:
            assert token.encode() not in answer.content
            assert b"/sign/" not in answer.content

    def test_say_how_the_link_leaves_without_the_address(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = asked(live)
        assert made["delivery"] | {"channel": "mail", "state": "queued"} == made["delivery"]
        link_sender.send_pending(now=now)
        told = fetch(live, f"/v1/consents/{made['id']}")["delivery"]
        assert (told["state"], told["masked_address"]) == ("sent", "a***@e***.org")
        assert ANA["email"] not in json.dumps(told)

    def test_reach_the_person_and_keep_the_servers_word(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = sent(live)
        assert post_office.recipients == [ANA["email"]]
        proof = Evidence.objects.get(consent_id=made["id"], kind="mail_proof")
        kept = json.loads(blobs.get_blob(proof.blob))
        assert (kept["status"], kept["address"]) == (250, ANA["email"])
        assert f"250 {kept['answer']}" == TAKEN

    def test_signed_through_the_mail_are_l1_with_the_proof_in_the_record(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = sent(live)
        assert sign(post_office.link(), made) == 303
        record = record_of(live, made)
        assert record["events"][0]["expression_method"] == "one_time_link"
        assert [one["kind"] for one in record["evidence"]] == ["mail_proof", "page"]
        assert fetch(live, f"/v1/consents/{made['id']}")["method"] == "one_time_link"

    def test_cannot_be_signed_before_a_server_took_the_link(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = asked(live)
        row = Consent.objects.get(id=made["id"])
        link = signing_links.get_signing_link(row, at=NOON)
        assert link is not None
        assert sign(link, made) == 422
        assert Consent.objects.get(id=made["id"]).state == "requested"

    @pytest.mark.parametrize("backend", ["dummy", "console", "locmem", "filebased"])
    def test_are_refused_where_nothing_would_reach_anyone(
        self, live: APIClient, settings: Settings, backend: str
    ) -> None:
        settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
        speaker = post(live, "/v1/speakers", ANA, 201)["id"]
        answer = live.post(
            "/v1/consents",
            {"speaker": speaker, "duration": "P1Y", "grants": [AUDIOBOOK]},
            format="json",
        )
        assert (answer.status_code, json.loads(answer.content)["code"]) == (
            503,
            "delivery_unavailable",
        )
        assert answer["Retry-After"]
        assert not Consent.objects.exists()

    def test_of_a_channel_that_is_not_set_up_are_refused(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        speaker = post(live, "/v1/speakers", ANA, 201)["id"]
        body = {
            "speaker": speaker,
            "duration": "P1Y",
            "grants": [AUDIOBOOK],
            "delivery": {"channel": "message"},
        }
        assert post(live, "/v1/consents", body, 503)["code"] == "delivery_unavailable"

    def test_are_renewed_without_a_link_in_the_answer(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = sent(live)
        sign(post_office.link(), made)
        again = post(live, f"/v1/consents/{made['id']}/renew", {}, 201)
        assert ("signing_url" in again, again["delivery"]["channel"]) == (False, "mail")
        handed = post(
            live, f"/v1/consents/{made['id']}/renew", {"delivery": {"channel": "controller"}}, 201
        )
        assert (handed["id"], "signing_url" in handed) == (again["id"], False)
        assert warned(handed) == [("renewal_open", "delivery.channel")]

    def test_say_what_an_open_renewal_does_not_take_over(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = sent(live)
        sign(post_office.link(), made)
        path = f"/v1/consents/{made['id']}/renew"
        first = post(live, path, {"duration": "P6M", "delivery": {"channel": "mail"}}, 201)

        same = post(live, path, {"duration": "P6M", "delivery": {"channel": "mail"}}, 201)
        other = post(live, path, {"duration": "P2Y"}, 201)
        until = post(live, path, {"valid_until": "2027-06-01T00:00:00Z"}, 201)

        assert [one["id"] for one in (same, other, until)] == [first["id"]] * 3
        assert (other["duration"], until["duration"]) == ("P6M", "P6M")
        found = [warned(one) for one in (first, same, other, until)]
        assert found == [[], [], [("renewal_open", "duration")], [("renewal_open", "valid_until")]]

    def test_show_no_link_when_the_answer_is_replayed(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        speaker = post(live, "/v1/speakers", ANA, 201)["id"]
        body = {"speaker": speaker, "duration": "P1Y", "grants": [AUDIOBOOK]}
        answers = [
            live.post("/v1/consents", body, format="json", HTTP_IDEMPOTENCY_KEY="once")
            for _ in range(2)
        ]
        assert answers[0].content == answers[1].content
        assert b"/sign/" not in answers[1].content


class TestTheLinkInTheAskersHands:
    def test_makes_a_consent_of_level_zero(self, live: APIClient) -> None:
        made = asked(live, delivery={"channel": "controller"})
        assert (made["assurance"], made["delivery"]["channel"]) == ("L0", "controller")
        assert made["delivery"]["masked_address"] is None
        assert warned(made) == [("assurance_lowered", "assurance")]
        assert sign(made["signing_url"], made) == 303
        shown = fetch(live, f"/v1/consents/{made['id']}")
        assert (shown["assurance"], shown["method"]) == ("L0", "link_given_to_controller")
        record = record_of(live, made)
        assert (record["assurance"], record["events"][0]["expression_method"]) == (
            "L0",
            "link_given_to_controller",
        )

    def test_permits_nothing(self, live: APIClient) -> None:
        made = asked(live, delivery={"channel": "controller"})
        sign(made["signing_url"], made)
        for action in ("synthesize", "clone", "verify_speaker"):
            body = {
                "consent": made["id"],
                "action": action,
                "language": "en",
                "use_case": "entertainment.audiobook",
            }
            answer = post(live, "/v1/decisions", body, 200)
            assert not answer["allowed"]
            assert "assurance_too_low" in [one["code"] for one in answer["reasons"]]

    def test_stands_in_the_making_answer_alone(self, live: APIClient) -> None:
        made = asked(live, delivery={"channel": "controller"})
        assert "/sign/" in made["signing_url"]
        for path in (f"/v1/consents/{made['id']}", "/v1/consents"):
            assert b"/sign/" not in live.get(path).content

    def test_cannot_be_asked_for_with_a_higher_level(self, sandbox: APIClient) -> None:
        speaker = post(sandbox, "/v1/speakers", ANA, 201)["id"]
        body = {"speaker": speaker, "duration": "P1Y", "grants": [AUDIOBOOK], "assurance": "L2"}
        answer = post(sandbox, "/v1/consents", {**body, "delivery": {"channel": "controller"}}, 422)
        assert answer["code"] == "assurance_unavailable"

    def test_gives_no_better_level_when_it_is_renewed_the_same_way(self, live: APIClient) -> None:
        made = asked(live, delivery={"channel": "controller"})
        sign(made["signing_url"], made)
        body = {"delivery": {"channel": "controller"}}
        again = post(live, f"/v1/consents/{made['id']}/renew", body, 201)
        assert again["assurance"] == "L0"
        assert post(live, f"/v1/consents/{again['id']}/revoke", {}, 200)["state"] == "lapsed"
        assert (
            post(live, f"/v1/consents/{made['id']}/renew", {}, 503)["code"]
            == "delivery_unavailable"
        )

    def test_stays_at_level_zero_when_narrowed(self, live: APIClient) -> None:
        made = asked(live, delivery={"channel": "controller"})
        sign(made["signing_url"], made)
        less = {"grants": [{"use_case": "entertainment.audiobook", "languages": ["en"]}]}
        assert post(live, f"/v1/consents/{made['id']}/narrow", less, 200)["assurance"] == "L0"


class TestTestRequests:
    def test_show_their_link_when_they_are_made_and_never_again(self, sandbox: APIClient) -> None:
        made = asked(sandbox)
        assert ("/sign/" in made["signing_url"], made["delivery"]["channel"]) == (True, "test")
        assert b"/sign/" not in sandbox.get(f"/v1/consents/{made['id']}").content
        assert b"/sign/" not in sandbox.get("/v1/consents").content

    def test_send_nothing_even_with_a_channel(
        self, sandbox: APIClient, post_office: MailServer
    ) -> None:
        asked(sandbox)
        assert link_sender.send_pending(now=now) == 0
        assert post_office.raw == []

    def test_claim_no_mailbox(self, sandbox: APIClient) -> None:
        made = asked(sandbox)
        sign(made["signing_url"], made)
        assert fetch(sandbox, f"/v1/consents/{made['id']}")["method"] == "link_shown_in_test"


class TestResending:
    def test_sends_once_when_asked_twice(self, live: APIClient, post_office: MailServer) -> None:
        made = sent(live)
        for _ in range(3):
            post(live, f"/v1/consents/{made['id']}/resend", {}, 200)
        assert (link_sender.send_pending(now=now), len(post_office.raw)) == (0, 1)

    def test_is_refused_for_links_that_are_not_ours_to_send(
        self, live: APIClient, sandbox: APIClient
    ) -> None:
        handed, test = asked(live, delivery={"channel": "controller"}), asked(sandbox)
        for api, made in ((live, handed), (sandbox, test)):
            assert (
                post(api, f"/v1/consents/{made['id']}/resend", {}, 409)["code"]
                == "delivery_not_by_us"
            )

    def test_of_a_signed_consent_is_refused(self, live: APIClient, post_office: MailServer) -> None:
        made = sent(live)
        sign(post_office.link(), made)
        assert (
            post(live, f"/v1/consents/{made['id']}/resend", {}, 409)["code"]
            == "consent_wrong_state"
        )


class TestANewAddress:
    def test_needs_a_correction_while_a_link_is_out(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = sent(live)
        path = f"/v1/speakers/{made['speaker']}"
        refused = live.patch(path, {"email": "new@example.net"}, format="json")
        assert (refused.status_code, json.loads(refused.content)["code"]) == (
            409,
            "correction_needed",
        )

    def test_ends_the_link_that_went_to_the_old_one(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = sent(live)
        old = post_office.link()
        body = {"email": "new@example.net", "correction": {"reason": "A slip of the pen."}}
        assert live.patch(f"/v1/speakers/{made['speaker']}", body, format="json").status_code == 200
        assert sign(old, made) == 404
        later = NOON + timedelta(minutes=11)
        home = Consent.objects.get(id=made["id"]).organisation_id
        services.resend_link(
            made["id"], organisation_id=home, livemode=True, actor="key:x", at=later
        )
        assert link_sender.send_pending(now=lambda: later) == 1
        assert post_office.recipients == [ANA["email"], "new@example.net"]
        assert sign(post_office.link(), made) == 303
        proofs = [one for one in record_of(live, made)["evidence"] if one["kind"] == "mail_proof"]
        assert len(proofs) == 1

    def test_stops_what_waits_for_the_old_one(
        self, live: APIClient, post_office: MailServer
    ) -> None:
        made = asked(live)
        body = {"email": "new@example.net", "correction": {"reason": "A slip of the pen."}}
        assert live.patch(f"/v1/speakers/{made['speaker']}", body, format="json").status_code == 200
        assert link_sender.send_pending(now=now) == 0
        told = fetch(live, f"/v1/consents/{made['id']}")["delivery"]
        assert (told["state"], told["code"], post_office.raw) == ("failed", "address_changed", [])


def test_the_check_of_a_deployment_warns_where_no_one_can_be_asked(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    settings.SAYSO_DEVELOPMENT = False
    settings.SAYSO_SECRET_IS_FOR_DEVELOPMENT = settings.SAYSO_MASTER_IS_FOR_DEVELOPMENT = False
    settings.SECURE = True
    call_command("check", deploy=True, fail_level="CRITICAL")
    assert "sayso.W004" in capsys.readouterr().err
