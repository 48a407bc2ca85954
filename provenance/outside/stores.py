"""The store of copies as the operator's settings describe it."""

from __future__ import annotations

from django.conf import settings

from provenance.outside import keeping, signed


def open_store(target: str) -> keeping.Keep:
    """Open a store with what the settings know for it. Raises ValueError for no store, NotInstalled."""
    access, secret = settings.SAYSO_COPIES_ACCESS_KEY, settings.SAYSO_COPIES_SECRET_KEY
    sign = None
    if access and secret:
        sign = signed.signer(access_key=access, secret_key=secret, region=settings.SAYSO_COPIES_REGION)
    retention = settings.SAYSO_COPIES_RETENTION_DAYS > 0
    return keeping.open_keep(target, token=settings.SAYSO_COPIES_TOKEN, sign=sign, retention=retention)
