"""The certificate authority of this installation: who signs manifests now, and which roots stand behind them.

The embedded default makes a root and a leaf at first use. An operator with a certificate of their own asks for one
(`request`), installs it, and from then on manifests carry that. Keys are made, kept and used in the KMS.
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

from core import tx
from provenance.credentials import certificates
from provenance.credentials.certificates import BadChain, Key, Sign
from provenance.models import Credential, CredentialRole
from vault import kms

ROOTS: Final = (CredentialRole.ROOT, CredentialRole.ANCHOR)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Signer:
    """Who signs manifests: `chain` in PEM as manifests carry it, `anchors` all our roots, `sign` gives 64 bytes."""

    id: str
    chain: str
    anchors: str
    sign: Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One credential, for people: role, name, since when, until when."""

    id: str
    role: str
    subject: str
    created_at: datetime
    retired_at: datetime | None


def signer(*, at: datetime) -> Signer:
    """Give who signs now; root and leaf are made at first use. Raises KmsUnavailable."""
    rows = list(Credential.objects.exclude(role=CredentialRole.ASKED).order_by("created_at", "id"))
    leaf = next((row for row in rows if row.role == CredentialRole.LEAF and row.retired_at is None), None)
    if leaf is None:
        leaf = init(at=at)
        rows = list(Credential.objects.filter(role__in=ROOTS).order_by("created_at", "id"))
    return Signer(id=leaf.id, chain=leaf.chain, anchors=_joined(rows), sign=_key(leaf).sign)


def anchors() -> str:
    """Every root that ever stood behind our manifests, as one PEM text; empty before the first manifest."""
    return _joined(Credential.objects.filter(role__in=ROOTS).order_by("created_at", "id"))


def serials() -> frozenset[str]:
    """The serial numbers of every certificate that our manifests were ever signed with, in decimal."""
    chains = Credential.objects.filter(role=CredentialRole.LEAF).values_list("chain", flat=True)
    return frozenset(str(certificates.read(chain)[0].serial_number) for chain in chains)


def known() -> tuple[Known, ...]:
    """Every credential, oldest first."""
    rows = Credential.objects.order_by("created_at", "id")
    return tuple(
        Known(
            id=row.id, role=row.role, subject=_subject(row), created_at=row.created_at, retired_at=row.retired_at
        )
        for row in rows
    )  # fmt: skip


@tx.opened
def init(*, at: datetime) -> Credential:
    """Give the leaf that signs, made with its root when there is none; callers that race get the same one."""
    found = _leaf().first()
    if found is not None:
        return found
    root = _root().first() or _make_root(at)
    return _make_leaf(root, at)


@tx.opened
def rotate(*, at: datetime) -> Credential:
    """Retire the key that signs and make a new one under our own root. What the old one signed stays trusted."""
    init(at=at)
    root = _root().first() or _make_root(at)
    _leaf().update(retired_at=at)
    return _make_leaf(root, at)


@tx.opened
def request(*, at: datetime) -> str:
    """Make a key in the KMS and give the request for its certificate (PKCS #10, PEM)."""
    row = _new(CredentialRole.ASKED, at=at)
    row.save(force_insert=True)
    return certificates.request(_key(row), owner=owner())


@tx.opened
def install(chain: str, *, at: datetime) -> Credential:
    """Sign with a certificate that somebody else made for a key of `request`, from now on.

    `chain` is PEM from the leaf to the root. Raises BadChain.
    """
    carried, root, public_key = certificates.split(chain, at=at)
    row = Credential.objects.filter(role=CredentialRole.ASKED, id=_id(public_key)).first()
    if row is None:
        raise BadChain("No request of this installation is for the key of this certificate.")
    anchor = Credential(
        id=_id(root.encode()), role=CredentialRole.ANCHOR, public_key=b"", handle=b"", chain=root, created_at=at
    )
    Credential.objects.bulk_create([anchor], ignore_conflicts=True)
    _leaf().update(retired_at=at)
    row.role, row.chain = CredentialRole.LEAF, carried
    row.save(update_fields=["role", "chain"])
    return row


def owner() -> str:
    """For whom certificates are made out: the host under which this installation is known."""
    return urlsplit(settings.SAYSO_PUBLIC_URL).hostname or "localhost"


def _make_root(at: datetime) -> Credential:
    row = _new(CredentialRole.ROOT, at=at)
    row.chain = certificates.root(_key(row), owner=owner(), at=at)
    Credential.objects.bulk_create([row], ignore_conflicts=True)
    return _root().get()


def _make_leaf(root: Credential, at: datetime) -> Credential:
    row = _new(CredentialRole.LEAF, at=at)
    row.chain = certificates.leaf(_key(row), root_pem=root.chain, root_key=_key(root), owner=owner(), at=at)
    Credential.objects.bulk_create([row], ignore_conflicts=True)
    return _leaf().get()


def _new(role: CredentialRole, *, at: datetime) -> Credential:
    handle, public_key = kms.current().new_signing_key()
    return Credential(id=_id(public_key), role=role, public_key=public_key, handle=handle, created_at=at)


def _key(row: Credential) -> Key:
    handle = bytes(row.handle)
    return Key(public_key=bytes(row.public_key), sign=lambda data: kms.current().sign(handle, data))


def _leaf() -> QuerySet[Credential]:
    return Credential.objects.filter(role=CredentialRole.LEAF, retired_at=None)


def _root() -> QuerySet[Credential]:
    return Credential.objects.filter(role=CredentialRole.ROOT, retired_at=None)


def _joined(rows: Iterable[Credential]) -> str:
    return "".join(row.chain for row in rows if row.role in ROOTS)


def _subject(row: Credential) -> str:
    return certificates.read(row.chain)[0].subject.rfc4514_string() if row.chain else ""


def _id(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
