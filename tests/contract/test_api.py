"""The contract walked over HTTP, as a product engineer would: consent, its papers, decisions,
voices.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from config.error_codes import REASONS
from tests.contract.conftest import Sender, World, problem
from tests.contract.test_bad_uploads import GOOD, clone
from tests.fixtures.organisations import MakeKey
from tests.support.api_calls import ADA, asked, decided, signed
from tests.voices.conftest import grant_of

pytestmark = pytest.mark.django_db


class TestConsent:
    def test_waits_for_its_signature(self, http: Sender) -> None:
        consent = asked(http)
        assert (consent["state"], consent["assurance"], consent["record_sha256"]) == (
            "requested",
            "L1",
            None,
        )
        assert "/sign/" in consent["signing_url"]
        assert consent["signing_expires_at"] == "2026-12-05T12:00:00Z"
        assert consent["grants"][0]["id"].startswith("grt_")

    def test_is_signed_in_the_sandbox(self, http: Sender) -> None:
        consent = signed(http)
        assert (consent["state"], "signing_url" in consent, consent["revoked_at"]) == (
            "active",
            False,
            None,
        )
        assert (consent["valid_from"], consent["valid_until"]) == (
            "2026-11-21T12:00:00Z",
            "2027-11-20T00:00:00Z",
        )
        assert len(consent["record_sha256"]) == 64

    def test_record_proves_itself(self, http: Sender) -> None:
        consent = signed(http)
        found = http.get(f"/v1/consents/{consent['id']}/record").json()
        assert {"record", "jws", "sha256", "public_key"} <= set(found)
        record = base64.b64decode(found["record"])
        assert hashlib.sha256(record).hexdigest() == found["sha256"] == consent["record_sha256"]
        key = OKPKey.import_key(
            {"kty": "OKP", "crv": "Ed25519", "x": _unpadded(base64.b64decode(found["public_key"]))}
        )
        assert jws.deserialize_compact(found["jws"], key, algorithms=["Ed25519"]).payload == record

    def test_receipt_is_there_for_computers_and_people(self, http: Sender) -> None:
        path = f"/v1/consents/{signed(http)['id']}/receipt"
        assert http.get(f"{path}.json").json()["object"] == "consent_receipt"
        pdf = http.get(f"{path}.pdf")
        assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")

    @pytest.mark.parametrize("paper", ["record", "receipt.json", "receipt.pdf"])
    def test_without_signature_has_no_papers(self, http: Sender, paper: str) -> None:
        problem(http.get(f"/v1/consents/{asked(http)['id']}/{paper}"), 409, "consent_not_signed")

    @pytest.mark.parametrize(
        "term", [{}, {"valid_until": "2027-01-01T00:00:00Z", "duration": "P1Y"}]
    )
    def test_wants_one_term_exactly(self, http: Sender, term: dict[str, str]) -> None:
        speaker = http.post("/v1/speakers", ADA).json()["id"]
        answer = http.post("/v1/consents", {"speaker": speaker, "grants": [grant_of()], **term})
        assert problem(answer, 422)["errors"][0]["code"] == "term_ambiguous"

    def test_is_paused_resumed_narrowed_and_ended(self, http: Sender) -> None:
        consent = signed(http)
        path = f"/v1/consents/{consent['id']}"
        steps = {"suspend": "suspended", "resume": "active", "revoke": "terminated"}
        for step, state in steps.items():
            assert [http.post(f"{path}/{step}").json()["state"] for _ in range(2)] == [state, state]
        assert http.get(path).json()["revoked_at"] == "2026-11-21T12:00:00Z"

    def test_only_becomes_narrower(self, http: Sender) -> None:
        consent = signed(http)
        path = f"/v1/consents/{consent['id']}/narrow"
        grants = [{"id": consent["grants"][0]["id"], "languages": ["en"]}]
        assert http.post(path, {"grants": grants}).json()["grants"][0]["languages"] == ["en"]
        problem(
            http.post(path, {"grants": [grants[0] | {"languages": ["en", "fr"]}]}),
            422,
            "not_narrower",
        )

    def test_renewal_is_a_new_request(self, http: Sender) -> None:
        consent = signed(http)
        answer = http.post(f"/v1/consents/{consent['id']}/renew")
        made = answer.json()
        assert (answer.status_code, made["state"], made["supersedes"]) == (
            201,
            "requested",
            consent["id"],
        )
        assert answer["Location"] == f"/v1/consents/{made['id']}"

    def test_events_tell_its_story_oldest_first(self, http: Sender) -> None:
        consent = signed(http)
        http.post(f"/v1/consents/{consent['id']}/revoke")
        found = http.get(f"/v1/consents/{consent['id']}/events").json()["data"]
        assert (found[0]["type"], found[0]["by"]) == ("consent.requested", None)
        assert (found[-1]["type"], found[-1]["by"]) == ("consent.revoked", "organisation")
        assert set(found[0]) == {
            "id",
            "object",
            "type",
            "created_at",
            "livemode",
            "log_index",
            "refs",
            "by",
            "body",
        }

    def test_is_not_signed_by_a_live_key(self, http: Sender, make_key: MakeKey) -> None:
        live = Sender(make_key(live=True).secret)
        problem(live.post(f"/v1/test/consents/{asked(http)['id']}/sign"), 403, "test_key_needed")


class TestDecision:
    def test_allowed_names_its_grant(self, http: Sender) -> None:
        consent = signed(http)
        found = decided(http, consent=consent["id"])
        assert (found["allowed"], found["reasons"]) == (True, [])
        assert (found["consent"], found["grant"]) == (consent["id"], consent["grants"][0]["id"])

    def test_refused_says_what_was_needed_and_what_was_granted(self, http: Sender) -> None:
        consent = signed(http)
        found = decided(http, consent=consent["id"], language="ja")
        assert (found["id"][:4], found["allowed"], found["grant"]) == ("dec_", False, None)
        assert found["reasons"] == [
            {
                "code": "language_not_covered",
                "detail": "Japanese (ja) was not agreed to. The consent covers en, de-DE.",
                "consent": consent["id"],
                "grant": consent["grants"][0]["id"],
                "required": "ja",
                "granted": ["en", "de-DE"],
            }
        ]

    def test_names_all_reasons_with_codes_of_the_contract(self, http: Sender) -> None:
        consent = asked(http, grants=[grant_of(channels=["web"], territories=["DE"])])
        found = decided(
            http, consent=consent["id"], action="train", language="ja",
            use_case="political.campaign", channel="app", territory="FR", labels=["religious"],
            characters=10**6,
        )  # fmt: skip
        codes = {reason["code"] for reason in found["reasons"]}
        assert codes >= {
            "consent_not_signed", "assurance_too_low", "action_not_covered", "use_case_not_covered",
            "language_not_covered", "channel_not_covered", "territory_not_covered",
            "content_excluded",
        }  # fmt: skip
        assert codes <= set(REASONS)

    @pytest.mark.parametrize(
        ("ask", "code"),
        [
            ({"language": "en-x-"}, "language_unknown"),
            ({"use_case": "juggling"}, "use_case_unknown"),
            ({"characters": 10**6}, "quota_exceeded"),
            ({"use_case": "dubbing"}, "use_case_not_covered"),
        ],
    )
    def test_has_a_code_for_each_doubt(self, http: Sender, ask: dict[str, Any], code: str) -> None:
        found = decided(http, consent=signed(http)["id"], **ask)
        assert [reason["code"] for reason in found["reasons"]] == [code]

    def test_uses_nothing(self, http: Sender) -> None:
        consent = signed(http, grants=[grant_of(quota={"characters": 10})])
        assert all(decided(http, consent=consent["id"], characters=10)["allowed"] for _ in range(3))

    def test_can_be_looked_up(self, http: Sender) -> None:
        made = decided(http, consent=signed(http)["id"])
        assert http.get(f"/v1/decisions/{made['id']}").json() == made

    @pytest.mark.parametrize("names", [{}, {"voice": "x", "consent": "y"}])
    def test_wants_a_voice_or_a_consent(self, http: Sender, names: dict[str, str]) -> None:
        problem(http.post("/v1/decisions", {"language": "en"} | names), 422)


class TestVoice:
    def test_is_cloned_renamed_and_deleted(self, http: Sender, world: World) -> None:
        answer = clone(http, world, *GOOD)
        made = answer.json()
        assert (answer.status_code, made["state"], made["provider"]) == (201, "ready", "local")
        assert http.patch(f"/v1/voices/{made['id']}", {"name": "Other"}).json()["name"] == "Other"
        gone = http.delete(f"/v1/voices/{made['id']}")
        assert (gone.status_code, gone.json()["state"]) == (202, "revoking")

    def test_without_consent_is_refused_with_reasons(self, http: Sender, world: World) -> None:
        http.post(f"/v1/consents/{world['consent_id']}/revoke")
        found = problem(clone(http, world, *GOOD), 403, "consent_denied")
        assert found["reasons"][0]["code"] == "consent_revoked"
        assert found["decision"].startswith("dec_")


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
