"""The endpoint that an organisation has its texts judged by, for what they contain."""

from __future__ import annotations

from django.db import models


class ModerationEndpoint(models.Model):
    """An organisation's moderation endpoint, in OpenAI's shape, one each for live and test data.

    `sealed_key` is encrypted under the organisation's key and never read back. It is given anew
    with every change of `base_url`, so a stored key never goes to another host. `labels` says which
    content label stands for a category of the endpoint, "" for none.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    base_url = models.CharField(max_length=500)
    is_self_hosted = models.BooleanField(default=False)
    model = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=dict)
    sealed_key = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    changed_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="moderation_endpoint_once", fields=["organisation", "livemode"]
            ),
        ]

    def __str__(self) -> str:
        return self.id
