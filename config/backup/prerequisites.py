"""What a backup needs: the keys that open it, and the anchors and tombstones that guard against it.

Both are outside of it on purpose. The keys of a backup are destroyed when their KEK version ends.
So it opens for at least 7 days and at most 35 (`vault.key_rotation`), and not at all afterwards.
This is how an erasure reaches backups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core import clock
from core.errors import Unavailable
from transparency_log import anchors
from transparency_log.models import Head
from vault import kms
from vault.errors import KeyDestroyed, KmsUnavailable
from vault.models import Kek, KekState, Subject
from vault.tasks import EPOCH, GRACE

# Any 32 bytes will do. Wrapping them shows that the key exists and opens.
_TRIAL: Final = bytes(32)


class NeedsMissing(Unavailable):
    """The backup is whole, but what it needs besides itself is gone or was not brought along."""

    code = "backup_needs_missing"
    retryable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The names of the keys (not the keys), their shortest life, and the logs' anchors.

    `anchors` are (generation, size) by organisation.
    """

    keys: tuple[str, ...]
    until: datetime | None
    anchors: Mapping[str, tuple[int, int]]

    def as_json(self) -> dict[str, Any]:
        """Return the form in the manifest."""
        until = clock.to_rfc3339(self.until) if self.until else None
        return {
            "keys": list(self.keys),
            "until": until,
            "anchors": {name: list(at) for name, at in self.anchors.items()},
        }


def needs_of_service(*, at: datetime) -> Needs:
    """Return what a backup made now will need.

    A rotation in the meantime moves people to newer keys, which live longer.
    """
    in_use = Kek.objects.exclude(state=KekState.DESTROYED).filter(
        epoch__in=Subject.objects.filter(destroyed_at=None).values("kek_id")
    )
    keks = tuple(in_use.order_by("epoch"))

    known = {
        name: anchors.get_anchors().peek(name)
        for name in Head.objects.values_list("organisation_id", flat=True)
    }

    return Needs(
        keys=tuple(kek.kms_name for kek in keks),
        until=min((max(_end_of_kek(kek), at) for kek in keks), default=None),
        anchors={
            name: (anchor.generation, anchor.size) for name, anchor in known.items() if anchor
        },
    )


def needs_of_manifest(manifest: Mapping[str, Any]) -> Needs:
    """Return what a manifest says that its backup needs.

    Raises KeyError, TypeError, ValueError for a manifest that we did not write.
    """
    raw = manifest["needs"]

    return Needs(
        keys=tuple(str(name) for name in raw["keys"]),
        until=datetime.fromisoformat(raw["until"]) if raw["until"] else None,
        anchors={str(name): (int(at[0]), int(at[1])) for name, at in raw["anchors"].items()},
    )


def check_needs(needs: Needs) -> None:
    """Check that everything is there, in words that an operator can act on.

    Raises NeedsMissing.
    """
    for name in needs.keys:
        try:
            kms.get_kms().wrap(name, _TRIAL)
        except KeyDestroyed as error:
            when = f" (they existed until {needs.until:%Y-%m-%d} at least)" if needs.until else ""
            raise NeedsMissing(
                f"The keys of this backup were destroyed when their epoch ended{when}: no one can "
                "open it any more."
                " A backup opens for 7 days at the least and 35 at the most."
            ) from error
        except (KmsUnavailable, ValueError) as error:
            raise NeedsMissing(
                f"The key {name} of this backup is not in the KMS here, or does not open with this "
                "SAYSO_MASTER_KEY."
                " Bring the folders kms and secrets of the service that made the backup."
            ) from error

    for name, published in needs.anchors.items():
        anchor = anchors.get_anchors().peek(name)
        if anchor is None or (anchor.generation, anchor.size) < published:
            raise NeedsMissing(
                f"The anchor of {name} is missing here or older than the backup. Bring the newest "
                "copy of the folder"
                " anchors: without it no one knows who was erased since, or what the log had "
                "published."
            )


def _end_of_kek(kek: Kek) -> datetime:
    return kek.created_at + EPOCH + GRACE if kek.retired_at is None else kek.retired_at + GRACE
