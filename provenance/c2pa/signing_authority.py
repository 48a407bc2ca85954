"""The certificate authority of this installation: the current signer and its roots.

The embedded default makes a root and a leaf at first use. An operator with a certificate of their
own requests one (`request_certificate`) and installs it. From then on manifests carry that. Keys
are made, stored and used in the KMS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet

from core import transactions
from core.compiled_queries import CompiledQuery
from provenance.c2pa import certificates
from provenance.c2pa.certificates import BadChain, CertificateKey, Sign
from provenance.models import Credential, CredentialRole
from vault import kms

ROOTS: Final = (CredentialRole.ROOT, CredentialRole.ANCHOR)

_IN_USE: Final = CompiledQuery(
    lambda: Credential.objects.exclude(role=CredentialRole.ASKED).order_by("created_at", "id"),
    texts=0,
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ManifestSigner:
    """The signer of manifests.

    `chain` is PEM as manifests carry it, `anchors` all our roots, and `sign` returns 64 bytes.
    """

    id: str
    chain: str
    anchors: str
    sign: Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCredential:
    """One credential, for people: role, name, and its period."""

    id: str
    role: str
    subject: str
    created_at: datetime
    retired_at: datetime | None


def get_manifest_signer(*, at: datetime) -> ManifestSigner:
    """Return the current signer. Root and leaf are made at first use.

    Raises KmsUnavailable.
    """
    rows = _IN_USE.find_all()

    leaf = next(
        (row for row in rows if row.role == CredentialRole.LEAF and row.retired_at is None), None
    )
    if leaf is None:
        leaf = ensure_leaf(at=at)
        rows = list(Credential.objects.filter(role__in=ROOTS).order_by("created_at", "id"))

    return ManifestSigner(
        id=leaf.id,
        chain=leaf.chain,
        anchors=_join_chains(rows),
        sign=_get_certificate_key(leaf).sign,
    )


def get_trust_anchors() -> str:
    """Return every root of our manifests so far, as one PEM text, or "" before the first."""
    return _join_chains(Credential.objects.filter(role__in=ROOTS).order_by("created_at", "id"))


def list_serials() -> frozenset[str]:
    """Return the serial numbers of all certificates that ever signed our manifests, in decimal."""
    chains = Credential.objects.filter(role=CredentialRole.LEAF).values_list("chain", flat=True)
    return frozenset(str(certificates.parse_chain(chain)[0].serial_number) for chain in chains)


def list_credentials() -> tuple[KnownCredential, ...]:
    """Return every credential, oldest first."""
    rows = Credential.objects.order_by("created_at", "id")
    return tuple(
        KnownCredential(
            id=row.id,
            role=row.role,
            subject=_get_subject_name(row),
            created_at=row.created_at,
            retired_at=row.retired_at,
        )
        for row in rows
    )


@transactions.opens_transaction
def ensure_leaf(*, at: datetime) -> Credential:
    """Return the leaf that signs, made with its root when there is none.

    Racing callers get the same leaf.
    """
    found = _active_leaves().first()
    if found is not None:
        return found

    root = _active_roots().first() or _make_root(at)
    return _make_leaf(root, at)


@transactions.opens_transaction
def rotate_leaf(*, at: datetime) -> Credential:
    """Retire the key that signs and make a new one under our own root.

    What the old one signed stays trusted.
    """
    ensure_leaf(at=at)
    root = _active_roots().first() or _make_root(at)
    _active_leaves().update(retired_at=at)
    return _make_leaf(root, at)


@transactions.opens_transaction
def request_certificate(*, at: datetime) -> str:
    """Make a key in the KMS and return the request for its certificate (PKCS #10, PEM)."""
    row = _build_credential(CredentialRole.ASKED, at=at)
    row.save(force_insert=True)
    return certificates.create_signing_request(_get_certificate_key(row), owner=get_owner())


@transactions.opens_transaction
def install_chain(chain: str, *, at: datetime) -> Credential:
    """Sign from now on with a foreign certificate for a key of `request_certificate`.

    `chain` is PEM from the leaf to the root.

    Raises BadChain.
    """
    carried, root, public_key = certificates.split_chain(chain, at=at)
    row = Credential.objects.filter(role=CredentialRole.ASKED, id=_hash_id(public_key)).first()
    if row is None:
        raise BadChain("No request of this installation is for the key of this certificate.")

    anchor = Credential(
        id=_hash_id(root.encode()),
        role=CredentialRole.ANCHOR,
        public_key=b"",
        handle=b"",
        chain=root,
        created_at=at,
    )
    Credential.objects.bulk_create([anchor], ignore_conflicts=True)

    _active_leaves().update(retired_at=at)
    row.role = CredentialRole.LEAF
    row.chain = carried
    row.save(update_fields=["role", "chain"])
    return row


def get_owner() -> str:
    """Return the owner in certificates: the host under which this installation is known."""
    return urlsplit(settings.SAYSO_PUBLIC_URL).hostname or "localhost"


def _make_root(at: datetime) -> Credential:
    row = _build_credential(CredentialRole.ROOT, at=at)
    row.chain = certificates.create_root(_get_certificate_key(row), owner=get_owner(), at=at)
    Credential.objects.bulk_create([row], ignore_conflicts=True)
    return _active_roots().get()


def _make_leaf(root: Credential, at: datetime) -> Credential:
    row = _build_credential(CredentialRole.LEAF, at=at)
    row.chain = certificates.create_leaf(
        _get_certificate_key(row),
        root_pem=root.chain,
        root_key=_get_certificate_key(root),
        owner=get_owner(),
        at=at,
    )
    Credential.objects.bulk_create([row], ignore_conflicts=True)
    return _active_leaves().get()


def _build_credential(role: CredentialRole, *, at: datetime) -> Credential:
    handle, public_key = kms.get_kms().new_signing_key()
    return Credential(
        id=_hash_id(public_key), role=role, public_key=public_key, handle=handle, created_at=at
    )


def _get_certificate_key(row: Credential) -> CertificateKey:
    handle = bytes(row.handle)
    return CertificateKey(
        public_key=bytes(row.public_key), sign=lambda data: kms.get_kms().sign(handle, data)
    )


def _active_leaves() -> QuerySet[Credential]:
    return Credential.objects.filter(role=CredentialRole.LEAF, retired_at=None)


def _active_roots() -> QuerySet[Credential]:
    return Credential.objects.filter(role=CredentialRole.ROOT, retired_at=None)


def _join_chains(rows: Iterable[Credential]) -> str:
    return "".join(row.chain for row in rows if row.role in ROOTS)


def _get_subject_name(row: Credential) -> str:
    return certificates.parse_chain(row.chain)[0].subject.rfc4514_string() if row.chain else ""


def _hash_id(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
