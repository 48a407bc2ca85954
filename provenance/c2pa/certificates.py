"""X.509 for manifests: a root, leaves and signing requests over keys that never leave the KMS.

The profile is that of C2PA 2.2, section 14.5.1: a leaf may sign and nothing else, and its extended
key usage is emailProtection, which every validator accepts by default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.errors import Invalid

# Manifests carry no trusted time, so a leaf must outlive them: it stops signing when it is rotated,
# not by expiry. Both begin on a fixed day, so that a test clock in the future never makes one that
# is not valid yet.
BEGINS: Final = datetime(2026, 1, 1, tzinfo=UTC)
LASTS: Final = timedelta(days=30 * 365)

Sign = Callable[[bytes], bytes]


class BadChain(Invalid):
    """The certificates cannot sign manifests: unreadable, for another key, or not a chain."""

    code = "certificate_chain_invalid"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CertificateKey:
    """An Ed25519 key by its 32 public bytes and the call that signs with it."""

    public_key: bytes
    sign: Sign


def create_root(key: CertificateKey, *, owner: str, at: datetime) -> str:
    """Return a self-signed root over `key`, as PEM. `owner` is the host for which it is made."""
    name = _build_name(f"Sayso root of {owner}", owner)

    made = _start_builder(name, name, key, until=max(at, BEGINS) + LASTS)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = made.add_extension(_build_key_usage(ca=True), critical=True)

    return _to_pem(made.sign(_KmsPrivateKey(key), None))


def create_leaf(
    key: CertificateKey, *, root_pem: str, root_key: CertificateKey, owner: str, at: datetime
) -> str:
    """Return a certificate for signing manifests with `key`, issued by the root, as PEM."""
    issuer = parse_chain(root_pem)[0]
    subject = _build_name(f"Sayso clips of {owner}", owner)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        _load_public_key(root_key.public_key)
    )

    # A leaf that said more than its root would be good for nothing in the time that is over.
    until = min(max(at, BEGINS) + LASTS, issuer.not_valid_after_utc)
    made = _start_builder(subject, issuer.subject, key, until=until)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    made = made.add_extension(_build_key_usage(ca=False), critical=True)
    made = made.add_extension(usage, critical=False)
    made = made.add_extension(authority, critical=False)

    return _to_pem(made.sign(_KmsPrivateKey(root_key), None))


def create_signing_request(key: CertificateKey, *, owner: str) -> str:
    """Return a PKCS #10 request for `key`, as PEM, for a certificate authority of the operator."""
    name = _build_name(f"Sayso clips of {owner}", owner)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])

    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    builder = builder.add_extension(usage, critical=False)
    request = builder.sign(_KmsPrivateKey(key), None)

    return request.public_bytes(serialization.Encoding.PEM).decode("ascii")


def parse_chain(pem: str) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM text, in their order.

    Raises BadChain when there is none.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(pem.encode()))
    except ValueError as error:
        raise BadChain("This is no PEM text with certificates.") from error


def split_chain(pem: str, *, at: datetime) -> tuple[str, str, bytes]:
    """Split a chain from leaf to root: what manifests carry, the root, the leaf's 32 public bytes.

    Raises BadChain.
    """
    chain = parse_chain(pem)
    if len(chain) < 2 or chain[-1].issuer != chain[-1].subject:
        raise BadChain("The chain must begin with the leaf and end with a self-signed root.")

    for one, issuer in zip(chain, (*chain[1:], chain[-1]), strict=True):
        try:
            one.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise BadChain(
                "A certificate of the chain was not issued by the one behind it."
            ) from error
        if not one.not_valid_before_utc <= at < one.not_valid_after_utc:
            raise BadChain("A certificate of the chain is not valid today.")

    public = chain[0].public_key()
    if not isinstance(public, Ed25519PublicKey):
        raise BadChain("The leaf must be for the Ed25519 key of the request.")

    # Manifests carry all but the root (C2PA 2.2, section 14.5): a verifier that trusts it has it.
    carried = "".join(_to_pem(one) for one in chain[:-1])
    return carried, _to_pem(chain[-1]), public.public_bytes_raw()


def _start_builder(
    subject: x509.Name, issuer: x509.Name, key: CertificateKey, *, until: datetime
) -> x509.CertificateBuilder:
    public_key = _load_public_key(key.public_key)
    made = x509.CertificateBuilder(issuer, subject, public_key, x509.random_serial_number())
    made = made.not_valid_before(BEGINS).not_valid_after(until)

    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    return made.add_extension(identifier, critical=False)


def _build_key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _build_name(common: str, owner: str) -> x509.Name:
    # X.520 bounds both to 64 characters.
    parts = ((NameOID.ORGANIZATION_NAME, owner), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(kind, text[:64]) for kind, text in parts])


def _load_public_key(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


def _to_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


class _KmsPrivateKey(Ed25519PrivateKey):
    """A private key in the KMS: builders of certificates sign with it, and it calls the KMS."""

    def __init__(self, key: CertificateKey) -> None:
        self._key = key

    def sign(self, data: Any) -> bytes:
        return self._key.sign(bytes(data))

    def public_key(self) -> Ed25519PublicKey:
        return _load_public_key(self._key.public_key)

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("this key never leaves the KMS")

    def private_bytes_raw(self) -> NoReturn:
        raise TypeError("this key never leaves the KMS")

    def __copy__(self) -> _KmsPrivateKey:
        return self

    def __deepcopy__(self, memo: Any) -> _KmsPrivateKey:
        return self
