"""Receipts: what was signed about a clip, kept so that everybody who asks gets the very same
bytes.
"""

from __future__ import annotations

from django.db import models


class Receipt(models.Model):
    """The signed receipt of one clip, in the general JSON form of JWS.

    Made when first asked for, gone with the person.

    Signing again would give other bytes after a change of keys, so the first one stays.
    """

    clip = models.OneToOneField(
        "provenance.Clip", models.PROTECT, primary_key=True, related_name="+"
    )
    jws = models.TextField(editable=False)
    signed_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return f"receipt of {self.clip_id}"
