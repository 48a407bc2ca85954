"""Credentials: the keys and certificates that sign manifests.

The keys are in the KMS, and `handle` names one there.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class CredentialRole(models.TextChoices):
    """What a credential is for.

    A root vouches for our leaves, and a leaf signs manifests. `asked` is a key whose certificate
    another authority will make, and `anchor` is the root of such an authority.
    """

    ROOT = "root"
    LEAF = "leaf"
    ASKED = "asked"
    ANCHOR = "anchor"


class Credential(models.Model):
    """A key of this installation with its certificate.

    Retired credentials stay, because what they signed is still checked by them.

    `chain` is PEM. A leaf has the chain that manifests carry, with the leaf first and without its
    root. A root or an anchor has itself. `id` is the SHA-256 of the public key, or of the PEM of an
    anchor, whose key is not here.
    """

    id = models.CharField(primary_key=True, max_length=64, editable=False)
    role = models.CharField(max_length=8, choices=CredentialRole, editable=False)
    public_key = models.BinaryField(editable=False)
    handle = models.BinaryField(editable=False)
    chain = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="credential_role_is_known", condition=Q(role__in=CredentialRole.values)
            ),
            models.CheckConstraint(
                name="credential_asked_has_no_chain_yet",
                condition=Q(role="asked", chain="") | ~Q(role="asked", chain=""),
            ),
            models.UniqueConstraint(
                name="credential_one_leaf_signs",
                fields=["role"],
                condition=Q(role="leaf", retired_at=None),
            ),
            models.UniqueConstraint(
                name="credential_one_own_root",
                fields=["role"],
                condition=Q(role="root", retired_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.id[:16]}"
