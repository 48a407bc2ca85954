"""What the signer answers for, and of which type: read from the raw boxes by a CBOR library, not by
the signing one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cbor2
import pytest

from provenance.c2pa import manifest, manifest_signer, soft_binding
from provenance.c2pa.manifest_signer import CredentialFailed, Parent, SignedManifest
from provenance.c2pa.soft_binding import NotBuilt, StandIn
from tests.support.signed_files import CARRIERS, fresh, look, plain, root, signed, signer, statement

FORMATS = (*CARRIERS, "ogg", "opus", "pcm_s16le", "mulaw")


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    while data:
        size = int.from_bytes(data[:4], "big")
        yield data[4:8], data[8:size]
        data = data[size:]


def labelled(superbox: bytes) -> tuple[str, bytes]:
    """The label of a JUMBF superbox, and what follows its description."""
    _, described = next(boxes(superbox))
    return described[17:].split(b"\0")[0].decode(), superbox[8 + len(described) :]


def parts(store: bytes) -> dict[str, Any]:
    """The claim, and every assertion of the active manifest: decoded, and the SHA-256 of its
    box.
    """
    _, content = next(boxes(store))
    *_, (_, active) = boxes(labelled(content)[1])
    found: dict[str, Any] = {"assertions": {}, "hashes": {}}
    for _, part in boxes(labelled(active)[1]):
        label, inside = labelled(part)
        if label == "c2pa.claim.v2":
            found["claim"] = cbor2.loads(next(boxes(inside))[1])
        if label == "c2pa.assertions":
            for _, one in boxes(inside):
                name, body = labelled(one)
                found["assertions"][name] = cbor2.loads(next(boxes(body))[1])
                found["hashes"][name] = hashlib.sha256(one).digest()
    return found


def with_a_parent() -> SignedManifest:
    parent = Parent(media_type="audio/mpeg", data=signed("mp3", "provider").data)
    both = replace(signer(), anchors=root() + root("provider"))
    return manifest_signer.sign_manifest(
        plain("wav"), "wav", statement(manifest_id=fresh()), signer=both, parent=parent
    )


@pytest.fixture(scope="module", params=(*FORMATS, "with a parent"))
def raw(request: pytest.FixtureRequest) -> dict[str, Any]:
    made = with_a_parent() if request.param == "with a parent" else signed(request.param)
    return parts(made.manifest)


class TestEveryAssertion:
    def test_is_created_by_the_signer_and_none_only_gathered(self, raw: dict[str, Any]) -> None:
        created = {one["url"].rpartition("/")[2] for one in raw["claim"]["created_assertions"]}

        assert created == set(raw["assertions"])
        assert not raw["claim"].get("gathered_assertions")

    def test_has_the_hash_that_the_claim_names(self, raw: dict[str, Any]) -> None:
        named = {
            one["url"].rpartition("/")[2]: one["hash"] for one in raw["claim"]["created_assertions"]
        }

        assert named == raw["hashes"]

    def test_of_the_actions_the_consent_and_the_binding_is_among_them(
        self, raw: dict[str, Any]
    ) -> None:
        wanted = {"c2pa.actions.v2", "c2pa.soft-binding", "cawg.training-mining", manifest.CONSENT}

        assert wanted <= set(raw["assertions"])


class TestTheSoftBinding:
    def test_has_byte_strings_where_the_specification_asks_for_them(
        self, raw: dict[str, Any]
    ) -> None:
        said = raw["assertions"]["c2pa.soft-binding"]

        assert said == {
            "alg": manifest.ALGORITHM,
            "blocks": [{"scope": {}, "value": manifest.clip_to_binding_bytes(statement().clip_id)}],
            "pad": b"",
        }

    def test_leads_back_to_its_clip_through_another_reader(self) -> None:
        _, store = look(signed("wav").data, "audio/wav")
        told = {
            one["label"]: one["data"]
            for one in store["manifests"][store["active_manifest"]]["assertions"]
        }

        assert (
            manifest.binding_value_to_clip(told["c2pa.soft-binding"]["blocks"][0]["value"])
            == statement().clip_id
        )

    def test_changed_after_signing_is_found_out(self) -> None:
        made = signed("wav")
        value = manifest.clip_to_binding_bytes(statement().clip_id)
        forged = made.data.replace(
            b"\x65value\x50" + value, b"\x65value\x50" + secrets.token_bytes(16)
        )

        assert forged != made.data
        assert look(forged, "audio/wav")[0] == "Invalid"


class TestTheStandIn:
    def test_is_in_no_file_that_leaves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn = secrets.token_bytes(64)
        monkeypatch.setattr("provenance.c2pa.manifest_signer.secrets.token_bytes", lambda _: drawn)

        made = manifest_signer.sign_manifest(
            plain("wav"), "wav", statement(manifest_id=fresh()), signer=signer()
        )

        assert drawn not in made.data
        assert look(made.data, "audio/wav")[0] == "Trusted"

    def test_has_the_key_asked_once_for_each_clip(self) -> None:
        asked: list[bytes] = []

        def sign(message: bytes) -> bytes:
            asked.append(message)
            return signer().sign(message)

        manifest_signer.sign_manifest(
            plain("mp3"), "mp3", statement(), signer=replace(signer(), sign=sign)
        )

        assert len(asked) == 1

    def test_of_a_store_without_the_binding_is_refused(self) -> None:
        unmarked = manifest_signer.sign_manifest(
            plain("wav"), "wav", statement(marked=False), signer=signer()
        ).manifest
        stand_in = StandIn(secrets.token_bytes(64))
        stand_in(b"message")

        with pytest.raises(ValueError, match="not one assertion"):
            soft_binding.fill_byte_strings(unmarked, bytes(16), stand_in, signer().sign)

    def test_that_no_one_asked_to_sign_is_refused(self) -> None:
        with pytest.raises(NotBuilt):
            soft_binding.fill_byte_strings(b"", None, StandIn(bytes(64)), signer().sign)

    def test_a_key_of_another_length_gives_no_clip(self) -> None:
        short = replace(signer(), sign=lambda _: b"too short")

        with pytest.raises(CredentialFailed) as failed:
            manifest_signer.sign_manifest(plain("wav"), "wav", statement(), signer=short)

        assert failed.value.reason == "not_built"
