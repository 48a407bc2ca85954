"""Rows of notices: texts that people are shown before they sign, in versions that never change."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Notice(models.Model):
    """A subject that people are informed about, such as `voice-cloning`."""

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    key = models.SlugField(unique=True)
    created_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return self.key


class NoticeVersion(models.Model):
    """One text in one language, with the fields of Art. 13 GDPR.

    A changed text is a new version (a trigger ensures it). `sha256` is over the JCS bytes of
    `body`. After a `material` change people are asked again, after an `editorial` one they are not.
    """

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField(editable=False)
    locale = models.CharField(max_length=35, editable=False)
    change_class = models.CharField(max_length=16, editable=False)
    body = models.JSONField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="notice_version_stands_once_a_locale", fields=["notice", "version", "locale"]
            ),
            models.CheckConstraint(
                name="notice_change_class_is_known",
                condition=Q(change_class__in=["material", "editorial"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.version} {self.locale}"
