"""Who wanted a consent to end stands in its state, no matter who pressed the button; reasons are
codes, words lie sealed.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from consent import services
from consent.models import Consent, SealedReason
from consent.policy import change_reasons
from consent.policy.change_reasons import Act
from tests.conftest import NOON
from tests.support import databases
from tests.support.consent_api import asked, decided, fetch, post, signed
from tests.support.consent_factories import MakeRequest, codes, of, revoke
from transparency_log import proofs

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("at_noon"),
    pytest.mark.once(databases.POSTGRESQL),
]

SPEAKER = "speaker:spk_aaaaaaaaaaaaaaaaaaaaaaaaaa"
ENDS = [
    (SPEAKER, "requested_by_person", "withdrawn", "person"),
    (SPEAKER, "contract_ended", "withdrawn", "person"),
    ("key:k", "requested_by_person", "withdrawn", "person"),
    ("member:m", "requested_by_person", "withdrawn", "person"),
    ("key:k", "contract_ended", "terminated", "organisation"),
    ("member:m", "misuse", "terminated", "organisation"),
    ("key:k", "Ana wrote to us", "terminated", "organisation"),
    ("key:k", "", "terminated", "organisation"),
    ("key:k", "Requested_By_Person", "withdrawn", "person"),
    ("key:k", "child", "terminated", "organisation"),
    ("key:k", "ordered_by_authority", "invalidated", "authority"),
    ("member:m", "ordered_by_authority", "invalidated", "authority"),
]


def last_event(consent: Consent) -> dict[str, Any]:
    *_, event = proofs.list_history(consent.organisation_id, consent.id, kinds="consent.")
    return {
        "kind": event.kind,
        "by": event.by,
        "open": json.loads(event.payload),
        "body": event.body,
    }


class TestTheEnd:
    @pytest.mark.parametrize(("actor", "reason", "state", "by"), ENDS)
    def test_says_who_wanted_it(
        self, consent: Consent, actor: str, reason: str, state: str, by: str
    ) -> None:
        after = revoke(consent, actor=actor, reason=reason)

        event = last_event(consent)
        assert (after.state, after.revoked_at, after.ended_at) == (state, NOON, NOON)
        assert (event["kind"], event["by"], event["open"]["by"]) == ("consent.revoked", by, by)
        assert after.revocation_epoch == consent.revocation_epoch + 1
        assert codes(consent) == ["consent_revoked"]

    @pytest.mark.parametrize("suspended_first", [False, True])
    def test_comes_to_a_suspended_consent_too(
        self, consent: Consent, *, suspended_first: bool
    ) -> None:
        if suspended_first:
            services.suspend_consent(consent.id, reason="dispute", **of(consent))
        assert revoke(consent, reason="ordered_by_authority").state == "invalidated"

    def test_stays_as_it_was_when_another_asks_for_it_later(self, consent: Consent) -> None:
        revoke(consent, reason="requested_by_person")
        assert revoke(consent, reason="contract_ended").state == "withdrawn"

    def test_of_a_request_that_is_called_back_is_no_expiry(self, make_request: MakeRequest) -> None:
        made = make_request().consent
        assert revoke(made, reason="other").state == "lapsed"
        assert (last_event(made)["kind"], last_event(made)["by"]) == ("consent.lapsed", None)

    def test_of_a_request_that_no_one_answered_is_no_expiry(
        self, make_request: MakeRequest
    ) -> None:
        made = make_request().consent
        assert services.expire_due(at=made.link_expires_at) == 1
        assert last_event(made)["kind"] == "consent.lapsed"

    def test_of_what_did_not_stand_up_to_the_check_is_no_refusal(
        self, make_request: MakeRequest
    ) -> None:
        made = make_request().consent
        Consent.objects.filter(pk=made.pk).update(state="captured")
        assert revoke(made, reason="other").state == "rejected"
        assert last_event(made)["kind"] == "consent.rejected"

    def test_is_told_by_the_api(self, api: APIClient) -> None:
        made = signed(api)
        ended = post(
            api, f"/v1/consents/{made['id']}/revoke", {"reason": "ordered_by_authority"}, 200
        )
        assert (ended["state"], ended["revoked_at"]) == ("invalidated", "2026-11-21T12:00:00Z")
        assert decided(api, made)["reasons"][0]["code"] == "consent_revoked"
        assert fetch(api, f"/v1/consents/{made['id']}/events")["data"][-1]["by"] == "authority"
        assert fetch(api, "/v1/consents?state=invalidated")["data"][0]["id"] == made["id"]


class TestReasons:
    def test_are_listed_with_where_they_apply_and_where_they_lead(self, api: APIClient) -> None:
        listed = {one["code"]: one for one in fetch(api, "/v1/reasons")["data"]}
        assert set(listed) == set(change_reasons.CODES)
        assert listed["requested_by_person"]["leads_to"] == "withdrawn"
        assert listed["ordered_by_authority"]["leads_to"] == "invalidated"
        assert listed["contract_ended"]["leads_to"] == "terminated"
        assert listed["contract_ended"]["applies_to"] == ["revoke"]
        assert listed["not_me"]["leads_to"] is None

    @pytest.mark.parametrize("path", ["revoke", "suspend"])
    def test_in_words_count_as_other_and_are_said_nowhere(self, api: APIClient, path: str) -> None:
        made = signed(api)
        answer = post(
            api, f"/v1/consents/{made['id']}/{path}", {"reason": "Ana quarrelled with Ben"}, 200
        )
        events = fetch(api, f"/v1/consents/{made['id']}/events")
        assert events["data"][-1]["body"]["reason"] == "other"
        assert "quarrelled" not in json.dumps([answer, events])

    @pytest.mark.parametrize(
        "text", ["REQUESTED_BY_PERSON", "requested-by-person", "Requested by person"]
    )
    def test_say_in_every_spelling_that_the_person_wanted_it(
        self, api: APIClient, text: str
    ) -> None:
        made = signed(api)
        assert (
            post(api, f"/v1/consents/{made['id']}/revoke", {"reason": text}, 200)["state"]
            == "withdrawn"
        )
        last = fetch(api, f"/v1/consents/{made['id']}/events")["data"][-1]
        assert last["body"]["reason"] == "requested_by_person"

    def test_are_taken_by_every_act_for_which_the_list_has_them(self, api: APIClient) -> None:
        made = signed(api)
        offered = {code["code"]: code["applies_to"] for code in fetch(api, "/v1/reasons")["data"]}
        for act, code in (
            ("suspend", "dispute"),
            ("resume", "settled"),
            ("suspend", "strike"),
            ("revoke", "misuse"),
        ):
            assert act in offered[code]
            post(api, f"/v1/consents/{made['id']}/{act}", {"reason": code}, 200)
        events = fetch(api, f"/v1/consents/{made['id']}/events")["data"]
        assert [event["body"]["reason"] for event in events[-4:]] == [
            "dispute",
            "settled",
            "strike",
            "misuse",
        ]

    def test_in_words_lie_under_the_persons_key(self, consent: Consent) -> None:
        revoke(consent, reason="Ana quarrelled with Ben")
        remark = SealedReason.objects.get()
        assert remark.code == "other"
        assert remark.sealed is not None
        assert b"quarrelled" not in bytes(remark.sealed)

    def test_of_a_request_called_back_keep_their_words_too(self, api: APIClient) -> None:
        made = asked(api)
        post(api, f"/v1/consents/{made['id']}/revoke", {"reason": "we asked the wrong Ana"}, 200)
        assert SealedReason.objects.get().sealed is not None

    @pytest.mark.parametrize(
        ("text", "act", "code", "words"),
        [
            ("dispute", Act.REVOKE, "dispute", ""),
            (" dispute ", Act.REVOKE, "dispute", ""),
            ("dispute", Act.ERASE, "other", "dispute"),
            ("child", Act.REVOKE, "other", "child"),
            ("", Act.REVOKE, "", ""),
            ("  ", Act.SUSPEND, "", ""),
            ("\u200b\u2060\u3164", Act.DECLINE, "", ""),
            ("other", Act.SUSPEND, "other", ""),
            ("REQUESTED_BY_PERSON", Act.REVOKE, "requested_by_person", ""),
            ("requested-by-person", Act.ERASE, "requested_by_person", ""),
            (" Ordered by Authority ", Act.SUSPEND, "ordered_by_authority", ""),
            ("ｓｅｔｔｌｅｄ", Act.RESUME, "settled", ""),
            ("Not\u2011Me", Act.DECLINE, "not_me", ""),
            (
                "Requested by person, by telephone",
                Act.REVOKE,
                "other",
                "Requested by person, by telephone",
            ),
        ],
    )
    def test_are_codes_only_where_they_apply(
        self, text: str, act: Act, code: str, words: str
    ) -> None:
        found = change_reasons.parse_reason(text, act)
        assert (found.code, found.words) == (code, words)


class TestTheTable:
    def test_keeps_its_triggers_when_a_constraint_changes(self) -> None:
        query = {
            "sqlite": (
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = "
                "'consent_consent'"
            ),
            "postgresql": (
                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'consent_consent'::regclass"
            ),
        }[connection.vendor]
        with connection.cursor() as cursor:
            cursor.execute(query)
            assert "consent_consent_is_fixed" in {name for (name,) in cursor.fetchall()}
