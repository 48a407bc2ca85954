"""Signed receipts of clips."""

from __future__ import annotations

from django.db import models


class Receipt(models.Model):
    """The signed receipt of one clip, in the general JSON form of JWS.

    It is made at the first request and deleted when the person is erased. After a change of keys a
    new signature would have other bytes, so the first one stays.
    """

    clip = models.OneToOneField(
        "provenance.Clip", models.PROTECT, primary_key=True, related_name="+"
    )
    jws = models.TextField(editable=False)
    signed_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return f"receipt of {self.clip_id}"
