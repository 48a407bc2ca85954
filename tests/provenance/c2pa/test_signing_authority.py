"""The certificate authority: made at first use, rotated without breaking the past, replaced by an
operator's own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from django.db import IntegrityError

from provenance.c2pa import certificates, manifest_reader, manifest_signer, signing_authority
from provenance.c2pa.certificates import BadChain, CertificateKey
from provenance.models import Credential
from tests.conftest import NOON
from tests.support.loopback_server import listening
from tests.support.signed_files import fresh, key, look, plain, root, statement

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def chain_for(
    request: str, *, days: int = 400, of: bytes | None = None, responder: str = ""
) -> str:
    """A certificate for this request (or for another key), from someone else's authority, with its
    root.

    `responder`: the address at which it says that its revocation is to be asked for (OCSP).
    """
    public = (
        Ed25519PublicKey.from_public_bytes(of)
        if of
        else x509.load_pem_x509_csr(request.encode()).public_key()
    )
    assert isinstance(public, Ed25519PublicKey)
    private = Ed25519PrivateKey.generate()
    theirs = CertificateKey(public_key=private.public_key().public_bytes_raw(), sign=private.sign)
    top = certificates.create_root(theirs, owner="authority.example", at=NOON)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string("CN=Acme clips,O=Acme"))
        .issuer_name(x509.load_pem_x509_certificate(top.encode()).subject)
        .public_key(public)
        .serial_number(5)
        .not_valid_before(NOON - timedelta(days=1))
        .not_valid_after(NOON + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), critical=False
        )
    )
    if responder:
        at = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(responder)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([at]), critical=False)
    leaf = builder.sign(private, None)
    return leaf.public_bytes(serialization.Encoding.PEM).decode() + top


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def made_now(**changes: object) -> bytes:
    return manifest_signer.sign_manifest(
        plain("wav"),
        "wav",
        statement(**changes),
        signer=signing_authority.get_manifest_signer(at=NOON),
    ).data


class TestFirstUse:
    def test_makes_a_root_and_a_leaf_once(self) -> None:
        first, second = (
            signing_authority.get_manifest_signer(at=NOON),
            signing_authority.get_manifest_signer(at=NOON + timedelta(days=400)),
        )

        assert first.id == second.id
        assert {one.role for one in signing_authority.list_credentials()} == {"root", "leaf"}

    def test_signs_what_anyone_who_loads_the_root_trusts(self) -> None:
        assert (
            look(made_now(), "audio/wav", anchors=signing_authority.get_trust_anchors())[0]
            == "Trusted"
        )

    def test_makes_certificates_that_are_valid_today_whatever_a_test_clock_says(self) -> None:
        signing_authority.ensure_leaf(at=NOON + timedelta(days=3650))

        leaf = certificates.parse_chain(Credential.objects.get(role="leaf").chain)[0]
        assert leaf.not_valid_before_utc == datetime(2026, 1, 1, tzinfo=UTC)

    def test_makes_no_leaf_that_outlasts_its_root(self) -> None:
        """Case 51, of a certificate: what is derived from it ends with it."""
        for days in (0, 1, 3650):
            leaf = certificates.create_leaf(
                key("late"),
                root_pem=root(),
                root_key=key("ours root"),
                owner="ours.example",
                at=NOON + timedelta(days=days),
            )

            ends = [certificates.parse_chain(one)[0].not_valid_after_utc for one in (leaf, root())]
            assert ends[0] <= ends[1]

    def test_keeps_no_private_key_in_the_database(self) -> None:
        signing_authority.ensure_leaf(at=NOON)

        assert {len(bytes(row.handle)) for row in Credential.objects.all()} == {
            40
        }  # a wrapped seed, not a seed
        assert "PRIVATE" not in "".join(row.chain for row in Credential.objects.all())

    def test_is_refused_by_the_database_a_second_time(self) -> None:
        signing_authority.ensure_leaf(at=NOON)

        with pytest.raises(
            IntegrityError, match=r"credential_one_leaf_signs|provenance_credential"
        ):
            Credential.objects.create(
                id="x", role="leaf", public_key=b"", handle=b"", chain="x", created_at=NOON
            )


class TestRotation:
    def test_signs_with_another_key_and_leaves_the_past_trusted(self) -> None:
        before, old = signing_authority.get_manifest_signer(at=NOON), made_now()

        signing_authority.rotate_leaf(at=NOON)

        after = signing_authority.get_manifest_signer(at=NOON)
        assert after.id != before.id
        for data in (old, made_now(manifest_id=fresh())):
            assert (
                look(data, "audio/wav", anchors=signing_authority.get_trust_anchors())[0]
                == "Trusted"
            )


class TestAnOperatorsOwnCertificate:
    def test_signs_from_then_on_and_what_ours_signed_stays_trusted(self) -> None:
        old = made_now()

        signing_authority.install_chain(
            chain_for(signing_authority.request_certificate(at=NOON)), at=NOON
        )

        new = made_now(manifest_id=fresh())
        state, store = look(new, "audio/wav", anchors=signing_authority.get_trust_anchors())
        assert (
            state,
            store["manifests"][store["active_manifest"]]["signature_info"]["issuer"],
        ) == ("Trusted", "Acme")
        assert look(old, "audio/wav", anchors=signing_authority.get_trust_anchors())[0] == "Trusted"

    def test_that_names_a_responder_makes_no_one_ask_it(self) -> None:
        """The library would, at every signing and reading, if `ocsp_fetch` were on."""
        with listening() as (port, asked):
            chain = chain_for(
                signing_authority.request_certificate(at=NOON),
                responder=f"http://127.0.0.1:{port}/ocsp",
            )
            signing_authority.install_chain(chain, at=NOON)
            data = made_now()
            state, _ = look(data, "audio/wav", anchors=signing_authority.get_trust_anchors())

        assert (state, manifest_reader.read_credentials(data).ours, asked) == ("Trusted", True, [])

    @pytest.mark.parametrize(
        "wrong", ["another key", "no root", "over", "upside down", "no certificate"]
    )
    def test_is_refused_when_it_could_not_sign(self, wrong: str) -> None:
        request = signing_authority.request_certificate(at=NOON)
        good = chain_for(request)
        leaf, _, _ = good.partition("-----END CERTIFICATE-----\n")
        leaf += "-----END CERTIFICATE-----\n"
        chain = {
            "another key": chain_for(request, of=key("another").public_key),
            "no root": leaf,
            "over": chain_for(request, days=0),
            "upside down": good.removeprefix(leaf) + leaf,
            "no certificate": "hello",
        }[wrong]

        with pytest.raises(BadChain):
            signing_authority.install_chain(chain, at=NOON + timedelta(hours=1))

        assert [one.role for one in signing_authority.list_credentials()] == ["asked"]
