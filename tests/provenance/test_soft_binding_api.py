"""The C2PA Soft Binding Resolution API: from a clip without its manifest back to the manifest, for
anyone.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Organisation
from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from provenance import anonymous_rate_limit, verification
from provenance.c2pa import jumbf, manifest, manifest_signer, manifest_store
from provenance.c2pa.manifest_signer import Parent
from provenance.clips import clip_erasure
from provenance.models import Clip
from tests.conftest import NOON
from tests.support.signed_files import look, plain, root, signed, signer, statement
from tests.voices.conftest import (
    AUDIO,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    revoke,
)
from voices import reconcile
from voices.models import Voice
from voices.speech import pipeline
from voices.speech.clip_delivery import DeliveredClip

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock_at_noon")]
BINDING, CONTENT = "/c2pa/matches/byBinding", "/c2pa/matches/byContent"


@pytest.fixture
def clip(spoken: DeliveredClip) -> Clip:
    return Clip.objects.get(id=spoken.clip_id)


def washed(spoken: DeliveredClip) -> bytes:
    """The clip as a platform would pass it on: another codec, no manifest."""
    return encode_sound(decode_untrusted(spoken.data).sound, Output(codec="mp3"))


def by_value(client: Client, value: str, **more: Any) -> Any:
    return client.get(BINDING, {"alg": manifest.ALGORITHM, "value": value, **more})


def by_sound(client: Client, data: bytes, query: str = "", media_type: str = "audio/mpeg") -> Any:
    return client.post(CONTENT + query, data, content_type=media_type)


class TestByBinding:
    def test_finds_the_manifest_of_the_clip(self, client: Client, clip: Clip) -> None:
        answer = by_value(client, manifest.clip_to_binding_value(clip.id))

        assert (answer.status_code, answer.json()) == (
            200,
            {"matches": [{"manifestId": clip.manifest_id}]},
        )

    def test_takes_long_values_in_a_body(self, client: Client, clip: Clip) -> None:
        body = {"alg": manifest.ALGORITHM, "value": manifest.clip_to_binding_value(clip.id)}

        answer = client.post(f"{BINDING}?maxResults=3", body, content_type="application/json")

        assert answer.json() == {"matches": [{"manifestId": clip.manifest_id}]}

    def test_finds_nothing_under_another_algorithm_or_for_another_clip(
        self, client: Client, clip: Clip
    ) -> None:
        other = client.get(
            BINDING, {"alg": "com.example.mark", "value": manifest.clip_to_binding_value(clip.id)}
        )

        assert other.json() == {"matches": []}
        assert by_value(client, manifest.clip_to_binding_value("clp_" + "a" * 26)).json() == {
            "matches": []
        }

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"alg": "x"},
            {"value": "AAAA"},
            {"alg": manifest.ALGORITHM, "value": "%%%"},
            {"alg": manifest.ALGORITHM, "value": "AAAA"},
            {"alg": "x" * 5000, "value": "AAAA"},
            {"alg": "x", "value": "AAAA", "maxResults": "0"},
            {"alg": "x", "value": "AAAA", "maxResults": "many"},
            {"alg": "x", "value": "AAAA", "more": "1"},
        ],
    )
    def test_refuses_what_it_cannot_read(self, client: Client, query: dict[str, str]) -> None:
        answer = client.get(BINDING, query)

        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")

    def test_says_that_a_long_value_goes_elsewhere(self, client: Client) -> None:
        answer = client.get(BINDING, {"alg": "x", "value": "x" * 5000})

        assert (answer.status_code, answer.json()["code"]) == (414, "address_too_long")

    @pytest.mark.parametrize("value", ["", "x" * 5000, 7, None])
    def test_refuses_such_a_value_in_a_body_too(self, client: Client, value: object) -> None:
        answer = client.post(BINDING, {"alg": "x", "value": value}, content_type="application/json")

        assert answer.status_code == 400


class TestByContent:
    def test_finds_the_manifest_by_the_mark_after_it_was_stripped(
        self, client: Client, spoken: DeliveredClip, clip: Clip
    ) -> None:
        answer = by_sound(client, washed(spoken))

        assert (answer.status_code, answer.json()) == (
            200,
            {"matches": [{"manifestId": clip.manifest_id}]},
        )

    def test_takes_bytes_of_no_named_kind_and_the_clip_itself(
        self, client: Client, spoken: DeliveredClip, clip: Clip
    ) -> None:
        answer = by_sound(
            client,
            spoken.data,
            f"?alg={manifest.ALGORITHM}&maxResults=1",
            "application/octet-stream",
        )

        assert answer.json() == {"matches": [{"manifestId": clip.manifest_id}]}

    def test_finds_an_unmarked_clip_by_its_bytes(
        self, client: Client, voice: Voice, acme: Organisation
    ) -> None:
        order = order_for(voice, output=Output(codec="mulaw"))
        made = pipeline.synthesize_clip(
            order, voice, principal=principal_of(voice), now=noon, providers=only(Reader())
        )

        answer = by_sound(client, made.data)

        assert [one["manifestId"] for one in answer.json()["matches"]] == [
            Clip.objects.get(id=made.clip_id).manifest_id
        ]

    def test_finds_nothing_in_a_foreign_recording(
        self, client: Client, spoken: DeliveredClip
    ) -> None:
        data = (AUDIO / "librivox-austen-0880.wav").read_bytes()

        assert by_sound(client, data, media_type="audio/wav").json() == {"matches": []}

    def test_takes_no_address(self, client: Client) -> None:
        assert (
            client.post(
                "/c2pa/matches/byReference", {}, content_type="application/json"
            ).status_code
            == 404
        )

    @pytest.mark.parametrize(
        ("data", "media_type", "status"),
        [
            (b"hello", "audio/wav", 400), (b"", "audio/wav", 400), (b"hello", "image/png", 415),
            (b"{}", "application/json", 415),
        ],
    )  # fmt: skip
    def test_refuses_what_is_no_sound(
        self, client: Client, clip: Clip, data: bytes, media_type: str, status: int
    ) -> None:
        assert by_sound(client, data, media_type=media_type).status_code == status

    def test_refuses_more_than_the_limit(self, client: Client, settings: Any) -> None:
        settings.SAYSO_MAX_UPLOAD_BYTES = 2**16

        assert by_sound(client, b"\0" * (2**16 + 1)).status_code == 413


class TestManifest:
    def test_is_the_one_that_was_delivered(self, client: Client, clip: Clip) -> None:
        answer = client.get(f"/c2pa/manifests/{clip.manifest_id}")

        assert (answer.status_code, answer["Content-Type"]) == (200, "application/c2pa")
        assert answer.content == manifest_store.load_manifest_store(clip)
        assert (
            client.get(f"/c2pa/manifests/{clip.manifest_id}?returnActiveManifest=true").content
            == answer.content
        )

    @pytest.mark.parametrize(
        "name", ["x", "urn:uuid:1", "urn:c2pa:", "urn:c2pa:" + "0" * 36, "clp_" + "a" * 26]
    )
    def test_is_not_looked_for_under_what_is_no_id(self, client: Client, name: str) -> None:
        assert client.get(f"/c2pa/manifests/{name}").status_code == 400

    @pytest.mark.parametrize(
        "name",
        [
            "urn:c2pa:0e5a9d1c-93a4-4d3b-8f0f-5b8f4f3c7a11",
            "urn:uuid:0e5a9d1c-93a4-4d3b-8f0f-5b8f4f3c7a11",
            "urn:c2pa:0E5A9D1C-93A4-4D3B-8F0F-5B8F4F3C7A11:acme:2_1",
            "%00",
        ],
    )
    def test_that_no_one_knows_is_not_found(self, client: Client, clip: Clip, name: str) -> None:
        assert client.get(f"/c2pa/manifests/{name}").status_code == 404

    def test_wants_a_yes_or_no(self, client: Client, clip: Clip) -> None:
        assert (
            client.get(f"/c2pa/manifests/{clip.manifest_id}?returnActiveManifest=1").status_code
            == 400
        )

    def test_stays_after_a_withdrawal_for_what_was_delivered_before(
        self, client: Client, clip: Clip, voice: Voice
    ) -> None:
        revoke(voice.consent_id, voice.organisation_id)
        reconcile.sweep_pending_work(at=NOON)

        assert client.get(f"/c2pa/manifests/{clip.manifest_id}").status_code == 200


class TestTheDocument:
    """Against version 1.0.0 of the published OpenAPI document (C2PA specification 2.1 and 2.2)."""

    @pytest.mark.parametrize(
        ("method", "path", "parameters", "statuses"),
        [
            (
                "get",
                "/c2pa/matches/byBinding",
                {"alg", "value", "maxResults"},
                {"200", "400", "414", "500"},
            ),
            ("post", "/c2pa/matches/byBinding", {"maxResults"}, {"200", "400", "500"}),
            (
                "post",
                "/c2pa/matches/byContent",
                {"alg", "maxResults", "hintAlg", "hintValue"},
                {"200", "415", "500"},
            ),
            (
                "get",
                "/c2pa/manifests/{manifestId}",
                {"manifestId", "returnActiveManifest"},
                {"200", "400", "404", "500"},
            ),
            ("get", "/c2pa/services/supportedAlgorithms", set(), {"200", "500"}),
        ],
    )
    def test_has_the_published_calls_names_and_statuses(
        self, client: Client, method: str, path: str, parameters: set[str], statuses: set[str]
    ) -> None:
        ours = client.get("/v1/openapi.json").json()["paths"][path][method]

        assert {one["name"] for one in ours.get("parameters", [])} == parameters
        assert set(ours["responses"]) >= statuses


class TestAnErasedClip:
    def test_is_as_if_it_had_never_been_but_for_the_mark(
        self, client: Client, spoken: DeliveredClip, clip: Clip, voice: Voice
    ) -> None:
        file = washed(spoken)
        with transaction.atomic():
            clip_erasure.erase_clips_of_subject(voice.subject)

        unknown = client.get("/c2pa/manifests/urn:c2pa:0e5a9d1c-93a4-4d3b-8f0f-5b8f4f3c7a11")
        gone = client.get(f"/c2pa/manifests/{clip.manifest_id}")
        assert (gone.status_code, gone.json()["detail"]) == (404, unknown.json()["detail"])
        assert by_value(client, manifest.clip_to_binding_value(clip.id)).json() == {"matches": []}
        assert by_sound(client, file).json() == {"matches": []}
        assert by_sound(client, spoken.data).json() == {"matches": []}
        assert verification.verify(file).is_erased


class TestTheRoot:
    def test_is_there_for_anyone_who_wants_to_check_offline(
        self, client: Client, spoken: DeliveredClip
    ) -> None:
        answer = client.get("/c2pa/root.pem")

        assert look(spoken.data, "audio/wav", anchors=answer.content.decode())[0] == "Trusted"

    def test_is_not_there_before_the_first_manifest(self, client: Client, db: None) -> None:
        assert client.get("/c2pa/root.pem").status_code == 404


class TestEverybody:
    def test_learns_the_algorithm(self, client: Client) -> None:
        answer = client.get("/c2pa/services/supportedAlgorithms")

        assert answer.json() == {"watermarks": [{"alg": manifest.ALGORITHM}], "fingerprints": []}

    def test_has_so_many_turns_a_minute(self, client: Client) -> None:
        statuses = [
            client.get("/c2pa/services/supportedAlgorithms").status_code
            for _ in range(anonymous_rate_limit.A_MINUTE + 1)
        ]

        assert (statuses[-2:], set(statuses[:-1])) == ([200, 429], {200})


class TestAStore:
    def test_is_cut_down_to_its_active_manifest(self) -> None:
        parent = Parent(media_type="audio/mpeg", data=signed("mp3", "provider").data)
        said = statement(manifest_id="urn:c2pa:6f9d6e64-4b6b-4f0e-9f33-0c7c8a1f2d55")
        made = manifest_signer.sign_manifest(
            plain("wav"), "wav", said, signer=signer(), parent=parent
        )

        alone = jumbf.extract_active_manifest(made.manifest)

        assert len(alone) < len(made.manifest) - 1000
        assert jumbf.extract_active_manifest(alone) == alone
        _, store = look(plain("wav"), "application/octet-stream", alone, anchors=root())
        assert list(store["manifests"]) == [said.manifest_id]

    @pytest.mark.parametrize(
        "data", [b"", b"\0\0\0\x08jumb", b"\0\0\0\x10jumb\0\0\0\x01", b"\0\0\0\x09jumb\0\0"]
    )
    def test_that_is_none_is_refused(self, data: bytes) -> None:
        with pytest.raises(ValueError, match="not a manifest store"):
            jumbf.extract_active_manifest(data)
