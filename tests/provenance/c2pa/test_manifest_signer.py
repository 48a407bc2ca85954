"""Signing: trusted and ours, in or beside every format, the same audio, and never a request to
anyone.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from audio.decoding import decode_trusted, decode_untrusted
from provenance.c2pa import manifest, manifest_signer
from provenance.c2pa.manifest_signer import CredentialFailed, Parent
from tests.support.signed_files import (
    CARRIERS,
    MANIFEST,
    fresh,
    key,
    look,
    plain,
    root,
    signed,
    signer,
    statement,
)
from vault.errors import KmsUnavailable

BESIDE = ("ogg", "opus", "pcm_s16le", "mulaw")


class TestEmbedding:
    @pytest.mark.parametrize("codec", CARRIERS)
    def test_is_trusted_by_anyone_who_trusts_our_root(self, codec: str) -> None:
        state, store = look(signed(codec).data, CARRIERS[codec])

        assert (state, store["active_manifest"]) == ("Trusted", MANIFEST)

    @pytest.mark.parametrize("codec", CARRIERS)
    def test_leaves_every_sample_alone(self, codec: str) -> None:
        heard, before = (
            decode_trusted(signed(codec).data, codec),
            decode_trusted(plain(codec), codec),
        )

        assert heard.pcm16() == before.pcm16()
        assert decode_untrusted(signed(codec).data).sound.pcm16() == before.pcm16()

    @pytest.mark.parametrize("codec", CARRIERS)
    def test_says_where_the_manifest_is(self, codec: str) -> None:
        made = signed(codec)

        assert made.data[made.offset : made.offset + len(made.manifest)] == made.manifest
        assert made.mode == "embedded"

    @pytest.mark.parametrize("codec", CARRIERS)
    @pytest.mark.parametrize("at", [0.4, 0.9])
    def test_is_found_out_when_the_audio_is_not_that_of_the_mark(
        self, codec: str, at: float
    ) -> None:
        other = bytearray(plain(codec))
        other[round(at * len(other))] ^= 1

        assert not manifest_signer.is_audio_unchanged(signed(codec).data, bytes(other), codec)

    def test_by_a_stranger_is_intact_but_not_trusted(self) -> None:
        assert look(signed("wav", "stranger").data, "audio/wav")[0] == "Valid"


class TestBeside:
    @pytest.mark.parametrize("codec", BESIDE)
    def test_the_bytes_stay_what_they_were(self, codec: str) -> None:
        made = signed(codec)

        assert (made.mode, made.data, made.offset) == ("sidecar", plain(codec), 0)
        assert look(made.data, "application/octet-stream", made.manifest)[0] == "Trusted"

    @pytest.mark.parametrize("codec", BESIDE)
    def test_no_other_bytes_are_vouched_for(self, codec: str) -> None:
        made = signed(codec)
        other = made.data[:-1] + bytes([made.data[-1] ^ 1])

        assert look(other, "application/octet-stream", made.manifest)[0] == "Invalid"

    def test_even_of_a_format_that_could_carry_it_when_the_bytes_have_left(self) -> None:
        made = manifest_signer.sign_manifest(
            plain("mp3"), "mp3", statement(), signer=signer(), mode="sidecar"
        )

        assert (made.mode, made.data) == ("sidecar", plain("mp3"))


class TestWhatIsSaid:
    def test_names_mark_use_and_commitment_and_no_one(self) -> None:
        _, store = look(signed("wav").data, "audio/wav")
        said = {one["label"]: one["data"] for one in store["manifests"][MANIFEST]["assertions"]}

        created, marked = said["c2pa.actions.v2"]["actions"]
        assert (created["action"], created["digitalSourceType"]) == (
            "c2pa.created",
            manifest.SYNTHETIC,
        )
        assert marked["action"] == "c2pa.watermarked.bound"
        assert said["c2pa.soft-binding"]["alg"] == manifest.ALGORITHM
        assert said["c2pa.soft-binding"]["blocks"][0]["value"] == manifest.clip_to_binding_value(
            statement().clip_id
        )
        assert {entry["use"] for entry in said["cawg.training-mining"]["entries"].values()} == {
            "notAllowed"
        }
        assert said[manifest.CONSENT] == {
            "version": 1,
            "scope": {
                "action": "synthesize",
                "use_case": "entertainment.audiobook",
                "language": "en",
                "territory": "DE",
            },
            "log": {"origin": "https://sayso.example/log/org_x", "entry": "evt_x", "index": 7},
            "commitment": {"alg": "hkdf-hmac-sha256/1", "value": "Y29tbWl0bWVudA=="},
        }

    def test_claims_no_mark_of_an_unmarked_clip(self) -> None:
        made = manifest_signer.sign_manifest(
            plain("wav"), "wav", statement(marked=False), signer=signer()
        )

        text = str(look(made.data, "audio/wav")[1])
        assert ("watermarked" in text, "soft-binding" in text) == (False, False)

    def test_keeps_the_manifest_of_what_it_was_made_from(self) -> None:
        parent = Parent(media_type="audio/mpeg", data=signed("mp3", "provider").data)
        both = replace(signer(), anchors=root() + root("provider"))

        made = manifest_signer.sign_manifest(
            plain("wav"), "wav", statement(manifest_id=fresh()), signer=both, parent=parent
        )

        state, store = look(made.data, "audio/wav", anchors=both.anchors)
        ours = store["manifests"][store["active_manifest"]]
        assert (state, len(store["manifests"])) == ("Trusted", 2)
        assert [(one["relationship"], one["active_manifest"]) for one in ours["ingredients"]] == [
            ("parentOf", MANIFEST)
        ]
        assert ours["assertions"][0]["data"]["actions"][0]["action"] == "c2pa.opened"


class TestAFailure:
    def test_of_the_key_keeps_its_cause(self) -> None:
        def away(_: bytes) -> bytes:
            raise KmsUnavailable("The KMS does not answer.")

        with pytest.raises(CredentialFailed) as failed:
            manifest_signer.sign_manifest(
                plain("wav"), "wav", statement(), signer=replace(signer(), sign=away)
            )

        assert (failed.value.reason, type(failed.value.__cause__)) == ("not_signed", KmsUnavailable)

    def test_of_the_signature_is_seen_before_anything_leaves(self) -> None:
        with pytest.raises(CredentialFailed, match="could not be made"):
            manifest_signer.sign_manifest(
                plain("wav"), "wav", statement(), signer=replace(signer(), sign=key("another").sign)
            )

    def test_of_trust_is_seen_before_anything_leaves(self) -> None:
        with pytest.raises(CredentialFailed) as failed:
            manifest_signer.sign_manifest(
                plain("wav"), "wav", statement(), signer=replace(signer(), anchors=root("another"))
            )

        assert failed.value.reason == "not_trusted"

    def test_of_the_file_is_one_of_ours(self) -> None:
        with pytest.raises(CredentialFailed) as failed:
            manifest_signer.sign_manifest(
                b"RIFF....WAVEnothing", "wav", statement(), signer=signer()
            )

        assert failed.value.reason == "not_built"
