"""Rows of the links of erased people."""

from __future__ import annotations

from django.db import models

from accounts.models import Organisation


class ErasedLink(models.Model):
    """A link whose person was erased. They find their own page behind it, and not "unknown".

    It holds the hash of the link's 256 random bits, the organisation and the language. It leads to
    no person, no consent and no day.
    """

    link_sha256 = models.CharField(primary_key=True, max_length=64, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", editable=False)
    livemode = models.BooleanField(editable=False)
    locale = models.CharField(max_length=35, editable=False)

    def __str__(self) -> str:
        return self.link_sha256[:12]
