"""A cache in the database, shared by all processes of an installation without Redis.

Values are JSON. Django's own database cache stores pickles, and with a pickle in a table, to write
a row is to run code.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import SharedValue
from core import clock


class DatabaseJsonCache(BaseCache):
    """Django's cache interface over `SharedValue`."""

    # Django's signature.
    def __init__(self, location: str, params: dict[str, Any]) -> None:  # noqa: ARG002
        super().__init__(params)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Store a value unless there is one, and return whether it was stored.

        One statement decides between processes.
        """
        at = clock.now()
        name = self._name(key, version)
        SharedValue.objects.filter(name=name, expires_at__lte=at).delete()

        try:
            with transaction.atomic():
                SharedValue.objects.create(
                    name=name, value=json.dumps(value), expires_at=self._end(timeout, at=at)
                )
        except IntegrityError:
            return False

        return True

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value, or the default."""
        alive = Q(expires_at=None) | Q(expires_at__gt=clock.now())
        found = (
            SharedValue.objects.filter(alive, name=self._name(key, version))
            .values_list("value", flat=True)
            .first()
        )

        return default if found is None else json.loads(found)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Store a value."""
        values = {"value": json.dumps(value), "expires_at": self._end(timeout, at=clock.now())}
        SharedValue.objects.update_or_create(name=self._name(key, version), defaults=values)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Set another end of a value, and return whether there is such a value."""
        at = clock.now()
        rows = SharedValue.objects.filter(name=self._name(key, version))
        return bool(rows.update(expires_at=self._end(timeout, at=at)))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Delete a value, and return whether there was one."""
        return bool(SharedValue.objects.filter(name=self._name(key, version)).delete()[0])

    def clear(self) -> None:
        """Delete all values."""
        SharedValue.objects.all().delete()

    def _name(self, key: Any, version: int | None) -> str:
        return hashlib.sha256(self.make_and_validate_key(key, version=version).encode()).hexdigest()

    def _end(self, timeout: Any, *, at: datetime) -> datetime | None:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else at + timedelta(seconds=seconds)
