"""The store of copies that the operator's settings describe."""

from __future__ import annotations

from django.conf import settings

from transparency_log.attestation import aws_sigv4, checkpoint_copies


def open_store(target: str) -> checkpoint_copies.CopyStore:
    """Open the store at `target` with the credentials of the settings.

    Raises ValueError for a URL of no store, NotInstalled.
    """
    access = settings.SAYSO_COPIES_ACCESS_KEY
    secret = settings.SAYSO_COPIES_SECRET_KEY
    sign = None

    if access and secret:
        sign = aws_sigv4.build_signer(
            access_key=access, secret_key=secret, region=settings.SAYSO_COPIES_REGION
        )

    retention = settings.SAYSO_COPIES_RETENTION_DAYS > 0
    return checkpoint_copies.open_copy_store(
        target, token=settings.SAYSO_COPIES_TOKEN, sign=sign, retention=retention
    )
