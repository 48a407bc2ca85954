"""REST: the contract of consents, told as a client sees it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Organisation
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support import databases
from tests.support.consent_api import ANA, asked, decided, fetch, post, signed
from tests.support.consent_factories import AUDIOBOOK, grant

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("at_noon"),
    pytest.mark.once(databases.POSTGRESQL),
]
CODES_OF_UNKNOWN_IDS = (
    "con_aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "con_x",
    "..",
    "%00",
    "con_%ff",
    "1 OR 1=1",
)


def ids(api: APIClient, query: str) -> list[str]:
    return [one["id"] for one in fetch(api, f"/v1/consents?{query}")["data"]]


class TestConsents:
    def test_are_asked_for_with_a_link(self, api: APIClient) -> None:
        made = asked(
            api,
            jurisdictions=["EU"],
            representation={"kind": "counsel", "name": "Dr Ruiz"},
            external_id="9",
        )
        assert (made["state"], made["assurance"], made["jurisdictions"]) == (
            "requested",
            "L1",
            ["EU"],
        )
        assert "/sign/" in made["signing_url"]
        assert made["signing_expires_at"] == "2026-12-05T12:00:00Z"
        assert (made["record_sha256"], made["revoked_at"], made["representation"]["name"]) == (
            None,
            None,
            "Dr Ruiz",
        )
        assert made["grants"][0] | {**AUDIOBOOK, "state": "active"} == made["grants"][0]
        assert fetch(api, f"/v1/consents/{made['id']}") == {
            **{name: value for name, value in made.items() if name != "signing_url"},
            "warnings": [],
        }  # fmt: skip

    def test_with_words_that_are_not_known_are_refused_by_one_code_for_all_of_them(
        self, api: APIClient
    ) -> None:
        speaker = post(api, "/v1/speakers", ANA, 201)["id"]
        for changes, code in (
            ({"use_case": "karaoke"}, "use_case_unknown"),
            ({"languages": ["xx", "yy"]}, "language_unknown"),
            ({"channels": ["fax"]}, "channel_unknown"),
            ({"territories": ["Mars"]}, "territory_unknown"),
            ({"exclusions": ["politics"]}, "exclusion_unknown"),
            ({"sensitive_content": ["spicy"]}, "label_unknown"),
            ({"channels": ["fax"], "territories": ["Mars"]}, "invalid"),
        ):
            body = {"speaker": speaker, "duration": "P1Y", "grants": [{**AUDIOBOOK, **changes}]}
            answer = post(api, "/v1/consents", body, 422)
            assert (answer["code"], answer["type"].rpartition("/")[2]) == (code, code), answer

    def test_are_signed_in_the_sandbox(self, api: APIClient) -> None:
        made = signed(api)
        assert (made["state"], "signing_url" in made) == ("active", False)
        assert made["valid_until"] == "2027-11-21T12:00:00Z"
        assert len(made["record_sha256"]) == 64

    def test_are_never_signed_so_with_a_live_key(
        self, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        live = client_of(make_key(live=True))
        made = asked(live, delivery={"channel": "controller"})
        answer = live.post(f"/v1/test/consents/{made['id']}/sign", {}, format="json")
        assert answer.status_code == 403
        assert fetch(live, f"/v1/consents/{made['id']}")["state"] == "requested"

    def test_hand_out_the_exact_signed_bytes(self, api: APIClient) -> None:
        made = signed(api)
        record = fetch(api, f"/v1/consents/{made['id']}/record")
        data = base64.b64decode(record["record"])
        assert hashlib.sha256(data).hexdigest() == record["sha256"] == made["record_sha256"]
        payload = record["jws"].split(".")[1]
        assert base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) == data
        assert len(base64.b64decode(record["public_key"])) == 32

    def test_hand_out_receipts(self, api: APIClient) -> None:
        made = signed(api)
        assert (
            fetch(api, f"/v1/consents/{made['id']}/receipt.json")["record_sha256"]
            == made["record_sha256"]
        )
        pdf = api.get(f"/v1/consents/{made['id']}/receipt.pdf")
        assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")

    @pytest.mark.parametrize("part", ["record", "receipt.json", "receipt.pdf"])
    def test_have_no_proof_before_signing(self, api: APIClient, part: str) -> None:
        answer = api.get(f"/v1/consents/{asked(api)['id']}/{part}")
        assert (answer.status_code, json.loads(answer.content)["code"]) == (
            409,
            "consent_not_signed",
        )

    def test_tell_what_happened(self, api: APIClient) -> None:
        made = signed(api)
        decided(api, made)
        post(api, f"/v1/consents/{made['id']}/revoke", {"reason": "misuse"}, 200)
        events = fetch(api, f"/v1/consents/{made['id']}/events")["data"]
        assert [event["type"] for event in events] == [
            "consent.requested", "consent.captured", "consent.activated", "consent.revoked",
        ]  # fmt: skip

    def test_end_at_once_and_for_good(self, api: APIClient) -> None:
        made = signed(api)
        first = post(api, f"/v1/consents/{made['id']}/revoke", {"reason": "she asked"}, 200)
        again = post(api, f"/v1/consents/{made['id']}/revoke", {}, 200)
        assert (first["state"], first["revoked_at"], again) == (
            "terminated",
            "2026-11-21T12:00:00Z",
            first,
        )
        assert decided(api, made)["reasons"][0]["code"] == "consent_revoked"
        assert (
            post(api, f"/v1/consents/{made['id']}/resume", status=409)["code"]
            == "consent_wrong_state"
        )

    def test_pause_and_go_on(self, api: APIClient) -> None:
        path = f"/v1/consents/{signed(api)['id']}"
        assert post(api, f"{path}/suspend", {"reason": "strike"}, 200)["state"] == "suspended"
        assert post(api, f"{path}/resume", status=200)["state"] == "active"

    def test_become_narrower_only(self, api: APIClient) -> None:
        path = f"/v1/consents/{signed(api)['id']}/narrow"
        less = {"grants": [{"use_case": "entertainment.audiobook", "languages": ["en"]}]}
        narrowed = post(api, path, less, 200)
        assert narrowed["grants"][0]["languages"] == ["en"]
        assert narrowed["grants"][0]["signed"]["languages"] == ["en", "de-DE"]
        more = {"grants": [{"use_case": "entertainment.audiobook", "languages": ["en", "fr"]}]}
        assert post(api, path, more, 422)["code"] == "not_narrower"

    def test_are_renewed_by_a_new_request(self, api: APIClient) -> None:
        made = signed(api)
        again = post(api, f"/v1/consents/{made['id']}/renew", {"duration": "P2Y"}, 201)
        assert (again["supersedes"], again["state"], again["duration"]) == (
            made["id"],
            "requested",
            "P2Y",
        )
        assert (
            post(api, f"/v1/consents/{made['id']}/renew", {}, 201)["signing_url"]
            == again["signing_url"]
        )

    @pytest.mark.parametrize("ends", ["revoke", "suspend"])
    def test_have_one_successor(self, api: APIClient, ends: str) -> None:
        """What had ended keeps its state when the newer one is signed: asking again was a 500."""
        path = f"/v1/consents/{signed(api)['id']}"
        post(api, f"{path}/{ends}", {}, 200)
        newer = post(api, f"{path}/renew", {}, 201)["id"]
        post(api, f"/v1/test/consents/{newer}/sign", {}, 200)

        refused = post(api, f"{path}/renew", {}, 409)

        assert (refused["code"], refused["superseded_by"]) == ("consent_superseded", newer)

    def test_are_filtered(self, api: APIClient) -> None:
        one, other = signed(api), asked(api)
        assert ids(api, "state=active") == [one["id"]]
        assert ids(api, f"speaker={other['speaker']}") == [other["id"]]
        assert ids(api, "expiring_before=2027-11-21T12:00:01Z") == [one["id"]]
        assert ids(api, "expiring_before=2027-11-21T12:00:00Z") == []

    @pytest.mark.parametrize(
        "query",
        [
            "state=happy",
            "expiring_before=soon",
            "limit=0",
            "after=nowhere",
            "colour=red",
            "speaker=%00",
        ],
    )
    def test_are_not_filtered_by_nonsense(self, api: APIClient, query: str) -> None:
        assert api.get(f"/v1/consents?{query}").status_code == 422

    @pytest.mark.parametrize(
        ("change", "attr"),
        [
            ({"duration": None}, "duration"),
            ({"valid_until": "2027-01-01T00:00:00Z"}, "duration"),
            ({"duration": "1 year"}, "duration"),
            ({"duration": "P9999Y"}, "duration"),
            ({"duration": None, "valid_until": "9999-12-31T23:59:59Z"}, "valid_until"),
            ({"duration": None, "valid_until": "0001-01-01T00:00:00+14:00"}, "valid_until"),
            ({"duration": None, "valid_until": "2027-01-01"}, "valid_until"),
            ({"duration": None, "valid_until": "2027-01-01T00:00:00"}, "valid_until"),
            ({"duration": None, "valid_until": 1798761600}, "valid_until"),
            ({"assurance": "L9"}, "assurance"),
            ({"jurisdictions": ["Mars"]}, "jurisdictions"),
            ({"grants": []}, "grants"),
            ({"grants": "all"}, "grants"),
            ({"grants": [{}] * 10_000}, "grants"),
            ({"grants": [None]}, "grants.0"),
            ({"grants": [grant(quota={"characters": 2**53})]}, "grants.0.quota.characters"),
            ({"grants": [grant(quota={"characters": -1})]}, "grants.0.quota.characters"),
            ({"grants": [grant(quota={"characters": "100"})]}, "grants.0.quota.characters"),
            ({"grants": [grant(quota={"characters": True})]}, "grants.0.quota.characters"),
            ({"grants": [grant(quota={"characters": 1.5})]}, "grants.0.quota.characters"),
            (
                {"grants": [grant(quota={"characters": 1, "period": "P3D"})]},
                "grants.0.quota.period",
            ),
            ({"grants": [grant(languages=["en", "en"])]}, "grants.0.languages.1"),
            ({"grants": [grant(languages=[])]}, "grants.0.languages"),
            ({"grants": [grant(languages=["klingonese"])]}, "grants.0.languages.0"),
            ({"grants": [grant(intended_uses="short")]}, "grants.0.intended_uses"),
            ({"grants": [grant(intended_uses="x" * 19 + "\0")]}, "grants.0.intended_uses"),
            ({"grants": [grant(actions=["sing"])]}, "grants.0.actions.0"),
            ({"grants": [grant(colour="red")]}, "grants.0.colour"),
        ],
    )
    def test_with_a_mistake_are_refused(
        self, api: APIClient, change: dict[str, Any], attr: str
    ) -> None:
        speaker = post(api, "/v1/speakers", ANA, 201)["id"]
        body = {"speaker": speaker, "duration": "P1Y", "grants": [AUDIOBOOK], **change}
        problem = post(api, "/v1/consents", body, 422)
        assert problem["errors"][0]["attr"] == attr
        assert fetch(api, "/v1/consents")["data"] == []

    def test_take_the_largest_quota_there_is(self, api: APIClient) -> None:
        made = signed(api, grant(quota={"characters": 2**53 - 1}))
        assert decided(api, made, characters=2**53 - 1)["allowed"] is True

    def test_of_strangers_are_not_there(
        self, api: APIClient, bolt: Organisation, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        made = signed(api)
        for stranger in (client_of(make_key(organisation=bolt)), client_of(make_key(live=True))):
            assert fetch(stranger, "/v1/consents")["data"] == []
            assert stranger.get(f"/v1/consents/{made['id']}").status_code == 404
            assert stranger.get(f"/v1/speakers/{made['speaker']}").status_code == 404
            assert (
                post(stranger, f"/v1/consents/{made['id']}/revoke", status=404)["code"]
                == "not_found"
            )
        assert fetch(api, f"/v1/consents/{made['id']}")["state"] == "active"

    @pytest.mark.parametrize("name", CODES_OF_UNKNOWN_IDS)
    @pytest.mark.parametrize("part", ["", "/record", "/events"])
    def test_with_unknown_ids_are_not_there(self, api: APIClient, name: str, part: str) -> None:
        assert api.get(f"/v1/consents/{name}{part}").status_code == 404

    def test_want_the_scope(self, make_key: MakeKey, client_of: ClientOf) -> None:
        reader = client_of(make_key(scopes=["consents:read", "speakers:read"]))
        assert reader.get("/v1/consents").status_code == 200
        assert post(reader, "/v1/consents", status=403)["code"] == "scope_missing"
        assert post(reader, "/v1/decisions", status=403)["code"] == "scope_missing"
